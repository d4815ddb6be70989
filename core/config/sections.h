// The sections of a config file beside `instances`: field tables like those of components.
#ifndef NIGHTLIGHT_CONFIG_SECTIONS_H_
#define NIGHTLIGHT_CONFIG_SECTIONS_H_

#include <string_view>

#include "nightlight/component.h"

namespace nightlight::config {

struct Section {
  std::string_view name;
  std::string_view doc;
  View<const ConfigField*> fields;
};

// How the host itself runs.
const Section& log_section();
const Section& plugins_section();
const Section& host_section();

// The short form: settings that expand to instances (expand.h).
const Section& server_section();
const Section& storage_section();
const Section& tls_section();

// All of them, in the order of the documentation.
View<const Section*> sections();

}  // namespace nightlight::config

#endif  // NIGHTLIGHT_CONFIG_SECTIONS_H_
