// Which message a write request says it carries.
#ifndef NIGHTLIGHT_REMOTE_WRITE_CONTENT_TYPE_H_
#define NIGHTLIGHT_REMOTE_WRITE_CONTENT_TYPE_H_

#include <string_view>

#include "base/result.h"
#include "remote_write/metrics.h"

namespace nightlight::remote_write {

// Reads a Content-Type as Prometheus does: none means 1.0, and so does a media type without the parameter `proto`.
// Errors have Prometheus' text and mean 415.
Result<Protocol> protocol_of(std::string_view content_type);

}  // namespace nightlight::remote_write

#endif  // NIGHTLIGHT_REMOTE_WRITE_CONTENT_TYPE_H_
