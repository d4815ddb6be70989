// Bodies of write requests: the first byte chooses the protocol, the rest is the message. Must not crash, and must read
// what protobuf reads.
#include <cstdlib>

#include "unit/remote_write/oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nightlight;
  if (size == 0) return 0;
  std::string message(reinterpret_cast<const char*>(data) + 1, size - 1);
  bool accepted;
  std::string difference = (data[0] & 1) == 0
                               ? remote_write::disagreement<remote_write_v1::WriteRequest>(message, &accepted)
                               : remote_write::disagreement<remote_write_v2::Request>(message, &accepted);
  if (!difference.empty()) {
    std::fprintf(stderr, "%s\n", difference.c_str());
    std::abort();
  }
  return 0;
}
