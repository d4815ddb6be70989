// The tool for data directories that no server uses, behind the contract's interface.
#ifndef NIGHTLIGHT_GORILLA_OFFLINE_OFFLINE_STORAGE_H_
#define NIGHTLIGHT_GORILLA_OFFLINE_OFFLINE_STORAGE_H_

#include "gorilla/file/file_system.h"
#include "nightlight/storage.h"

namespace nightlight::gorilla {

class GorillaOfflineStorage final : public OfflineStorage {
 public:
  // Both must outlive it.
  GorillaOfflineStorage(Host* host, FileSystem& files) : host_(host), files_(files) {}

  Status run(const OfflineRequest* request, TextSink* report) noexcept override;

 private:
  Host* const host_;
  FileSystem& files_;
};

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_OFFLINE_OFFLINE_STORAGE_H_
