#include "net/tls_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "nightlight/sugar.h"

namespace nightlight::net {
namespace {

using Json = nlohmann::json;

Error bad_rule(size_t index, const std::string& what) {
  return Error{Code::kInvalidArgument, "rule " + std::to_string(index + 1) + ": " + what};
}

Result<TlsRule> parse_rule(size_t index, const Json& json) {
  if (!json.is_object()) return bad_rule(index, "must be a map with uri, dns, san or cn, and roles");
  TlsRule rule;
  for (const auto& [key, value] : json.items()) {
    std::string* text = key == "uri"      ? &rule.uri
                        : key == "dns"    ? &rule.dns
                        : key == "san"    ? &rule.san
                        : key == "cn"     ? &rule.cn
                        : key == "tenant" ? &rule.tenant
                                          : nullptr;
    if (text != nullptr) {
      if (!value.is_string() || value.get_ref<const std::string&>().empty())
        return bad_rule(index, key + " must be a text");
      *text = value.get<std::string>();
    } else if (key == "roles") {
      if (!value.is_array() || value.empty()) return bad_rule(index, "roles must be a list of write, read and admin");
      for (const Json& role : value) {
        if (role != "write" && role != "read" && role != "admin")
          return bad_rule(index, "unknown role " + role.dump() + "; roles are write, read and admin");
        rule.roles.push_back(role.get<std::string>());
      }
    } else {
      return bad_rule(index, "unknown key \"" + key + "\"; keys are uri, dns, san, cn, roles and tenant");
    }
  }
  if (rule.uri.empty() && rule.dns.empty() && rule.san.empty() && rule.cn.empty())
    return bad_rule(index, "needs one of uri, dns, san and cn");
  if (rule.roles.empty()) return bad_rule(index, "needs roles");
  return rule;
}

bool any_matches(const std::string& pattern, View<Str> names, char separator) {
  return std::any_of(names.begin(), names.end(),
                     [&](Str name) { return glob_matches(pattern, view(name), separator); });
}

bool matches(const TlsRule& rule, const Peer& peer) {
  bool one_uri = peer.uris.size == 1;
  if (!rule.uri.empty() && !(one_uri && any_matches(rule.uri, peer.uris, '/'))) return false;
  if (!rule.dns.empty() && !any_matches(rule.dns, peer.dns_names, '.')) return false;
  if (!rule.san.empty() && !any_matches(rule.san, peer.dns_names, '.') &&
      !(one_uri && any_matches(rule.san, peer.uris, '/')))
    return false;
  return rule.cn.empty() || glob_matches(rule.cn, view(peer.common_name), '.');
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text, char separator) {
  // Where to resume when a later part fails: the last `*` (may not cross a separator), and the last `**`.
  struct Star {
    size_t pattern = std::string_view::npos, text = 0;
  };
  Star single, twin;
  size_t p = 0, t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      bool two = p + 1 < pattern.size() && pattern[p + 1] == '*';
      p += two ? 2 : 1;
      (two ? twin : single) = Star{p, t};
      if (two) single = Star{};
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (single.pattern != std::string_view::npos && text[single.text] != separator) {
      p = single.pattern;
      t = ++single.text;
    } else if (twin.pattern != std::string_view::npos) {
      single = Star{};
      p = twin.pattern;
      t = ++twin.text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Result<std::vector<TlsRule>> parse_tls_rules(std::string_view json) {
  std::vector<TlsRule> out;
  if (json.empty() || json == "null") return out;
  try {
    Json list = Json::parse(json);
    if (!list.is_array()) return Error{Code::kInvalidArgument, "must be a list of rules"};
    for (size_t i = 0; i < list.size(); ++i) {
      NIGHTLIGHT_ASSIGN(rule, parse_rule(i, list[i]));
      out.push_back(std::move(rule));
    }
  } catch (const Json::exception& e) {
    return Error{Code::kInvalidArgument, e.what()};
  }
  return out;
}

const TlsRule* match_tls_rule(const std::vector<TlsRule>& rules, const Peer& peer) {
  for (const TlsRule& rule : rules)
    if (matches(rule, peer)) return &rule;
  return nullptr;
}

}  // namespace nightlight::net
