// The short form (`server`, `storage`, `tls`) becomes instances: tls, http, store, functions, engine, write, api, rpc
// and host.
#ifndef NIGHTLIGHT_CONFIG_EXPAND_H_
#define NIGHTLIGHT_CONFIG_EXPAND_H_

#include <vector>

#include "config/components.h"
#include "config/fields.h"

namespace nightlight::config {

struct ShortForm {
  bool used = false;  // The document has one of the sections, or no `instances` at all.
  bool has_tls = false;
  std::vector<CheckedField> server, storage, tls;
};

ShortForm check_short_form(const Node& root, const Surroundings& surroundings, Problems* problems);

// The `instances` map in force: what the short form expands to, under what the document says of instances itself. An
// instance of the long form extends the expanded one of its name, or replaces it when its type differs; `name: null`
// removes it. Components that are not loaded are left out, and so is what cannot live without them.
Node expand(const Node& root, const ShortForm& short_form, const Components& components, Problems* problems);

}  // namespace nightlight::config

#endif  // NIGHTLIGHT_CONFIG_EXPAND_H_
