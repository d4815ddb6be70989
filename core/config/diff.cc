#include "config/diff.h"

#include "config/sections.h"
#include "nightlight/sugar.h"

namespace nightlight::config {
namespace {

// Both lists follow the same table.
void compare_fields(const std::string& path, const std::vector<CheckedField>& before,
                    const std::vector<CheckedField>& after, Changes* out) {
  for (size_t i = 0; i < before.size() && i < after.size(); ++i) {
    if (before[i].value == after[i].value) continue;
    std::string name = path + "." + std::string(view(before[i].field->name));
    ((before[i].field->flags & kReloadable) != 0 ? out->reloadable : out->need_restart).push_back(name);
  }
}

}  // namespace

Changes compare(const CheckedConfig& before, const CheckedConfig& after) {
  Changes out;
  compare_fields("log", before.settings.log, after.settings.log, &out);
  compare_fields("plugins", before.settings.plugins, after.settings.plugins, &out);
  compare_fields("host", before.settings.host, after.settings.host, &out);
  for (const CheckedInstance& old : before.instances) {
    std::string path = "instances." + old.name;
    const CheckedInstance* now = after.find(old.name);
    if (now == nullptr) {
      out.need_restart.push_back(path + " (removed)");
    } else if (now->component != old.component) {
      out.need_restart.push_back(path + ".type");
    } else {
      compare_fields(path, old.fields, now->fields, &out);
    }
  }
  for (const CheckedInstance& now : after.instances) {
    if (before.find(now.name) == nullptr) out.need_restart.push_back("instances." + now.name + " (added)");
  }
  return out;
}

}  // namespace nightlight::config
