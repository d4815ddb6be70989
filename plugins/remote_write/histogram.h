// Native histograms of both protocols: the message has the same fields in each.
#ifndef NIGHTLIGHT_REMOTE_WRITE_HISTOGRAM_H_
#define NIGHTLIGHT_REMOTE_WRITE_HISTOGRAM_H_

#include <string_view>

#include "nightlight/columns.h"
#include "remote_write/columns.h"

namespace nightlight::remote_write {

// Decodes a Histogram message into the columns' arena. Throws protozero::exception when it is damaged.
const Histogram* read_histogram(std::string_view message, Columns& columns);

}  // namespace nightlight::remote_write

#endif  // NIGHTLIGHT_REMOTE_WRITE_HISTOGRAM_H_
