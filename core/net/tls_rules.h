// Who may do what: rules from names in a client's certificate to roles and a tenant. The first rule that matches
// decides.
#ifndef NIGHTLIGHT_NET_TLS_RULES_H_
#define NIGHTLIGHT_NET_TLS_RULES_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "nightlight/listener.h"

namespace nightlight::net {

// All patterns that are given must match. `*` stands for any run of characters within a part (between '/' in URIs,
// between
// '.' in the others), `**` for any run at all.
struct TlsRule {
  std::string uri, dns, san, cn;  // "": not asked. `san`: a DNS name or a URI.
  std::vector<std::string> roles;
  std::string tenant;
};

// `json` is an array of objects {uri, dns, san, cn, roles, tenant}; "" is no rule.
Result<std::vector<TlsRule>> parse_tls_rules(std::string_view json);

// Null when none matches. A certificate with two URI names is ambiguous (SPIFFE forbids it): no URI rule matches it.
const TlsRule* match_tls_rule(const std::vector<TlsRule>& rules, const Peer& peer);

bool glob_matches(std::string_view pattern, std::string_view text, char separator);

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_TLS_RULES_H_
