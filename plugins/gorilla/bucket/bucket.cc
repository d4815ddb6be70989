#include "gorilla/bucket/bucket.h"

namespace nightlight::gorilla {

Result<std::string> Bucket::put_all(std::string_view key, std::string_view data, const PutCondition& condition) {
  NIGHTLIGHT_ASSIGN(upload, put(key, condition));
  NIGHTLIGHT_TRY(upload->append(data.data(), data.size()));
  return upload->commit();
}

Result<std::string> Bucket::get_all(std::string_view key, uint64_t limit) {
  NIGHTLIGHT_ASSIGN(object, open(key));
  if (object->size_bytes() > limit) {
    return Error{Code::kResourceExhausted, "object " + std::string(key) + " has " +
                                               std::to_string(object->size_bytes()) +
                                               " bytes, more than the limit of " + std::to_string(limit)};
  }
  std::string data(object->size_bytes(), '\0');
  NIGHTLIGHT_TRY(object->read(0, data.data(), data.size()));
  return data;
}

}  // namespace nightlight::gorilla
