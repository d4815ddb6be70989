#include "net/tls_instance.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "base/mutex.h"
#include "net/tls_material.h"
#include "net/tls_rules.h"
#include "nightlight/sugar.h"
#include "nightlight/tls.h"

namespace nightlight::net {
namespace {

struct Policy {
  TlsFiles files;
  ClientAuth client_auth = ClientAuth::kRequire;
  uint32_t min_version = 0x0303;
  std::string ciphers;
  std::vector<TlsRule> rules;
  int64_t reload_interval_ms = 10'000;
};

// Material and rules that belong together; immutable.
struct Snapshot {
  TlsMaterial material;
  std::vector<TlsRule> rules;
};

struct Metrics {
  MetricCells certificate_not_after, client_ca_not_after, crl_next_update, reloads_ok, reloads_failed;
};

// What tells that a file changed without reading it.
std::string fingerprint(const TlsFiles& files) {
  std::string out;
  for (const std::string* path : {&files.chain, &files.key, &files.client_ca, &files.crl}) {
    struct stat status {};
    if (path->empty() || stat(path->c_str(), &status) != 0) {
      out += "-;";
      continue;
    }
    for (auto part : {static_cast<int64_t>(status.st_dev), static_cast<int64_t>(status.st_ino),
                      static_cast<int64_t>(status.st_size), static_cast<int64_t>(status.st_mode),
                      static_cast<int64_t>(status.st_mtim.tv_sec), static_cast<int64_t>(status.st_mtim.tv_nsec)})
      out += std::to_string(part) + ",";
    out += ";";
  }
  return out;
}

class TlsInstance final : public Instance, public Tls {
 public:
  explicit TlsInstance(Host* host) : host_(host) {}

  // ---- Instance
  void* query(Str id) noexcept override { return view(id) == kTlsId ? as<Tls>(this) : nullptr; }

  Status configure(Config* config) noexcept override {
    return guard(host_, [&] {
      auto policy = read_policy(config);
      if (!policy.ok()) return fail(policy.error());
      policy_ = std::move(policy).value();
      return register_metrics();
    });
  }

  Status start() noexcept override {
    return guard(host_, [&] {
      if (auto loaded = load(policy_, fingerprint(policy_.files)); !loaded.ok()) return fail(loaded.error());
      watcher_ = std::jthread([this](std::stop_token stop) { watch(stop); });
      return kOkStatus;
    });
  }

  Status drain(int64_t) noexcept override { return kOkStatus; }

  Status stop() noexcept override {
    if (watcher_.joinable()) {
      watcher_.request_stop();
      {
        MutexLock lock(reload_mutex_);
        stopping_ = true;
      }
      wake_.notify_all();
      watcher_.join();
    }
    return kOkStatus;
  }

  Status reconfigure(Config* config) noexcept override {
    return guard(host_, [&] {
      auto policy = read_policy(config);
      if (!policy.ok()) return fail(policy.error());
      MutexLock lock(reload_mutex_);
      if (auto loaded = load_locked(*policy, fingerprint(policy->files)); !loaded.ok()) return fail(loaded.error());
      policy_ = std::move(policy).value();
      return kOkStatus;
    });
  }

  Status health() noexcept override {
    auto snapshot = current();
    if (snapshot == nullptr) return host_->fail(Code::kUnavailable, str("the certificate is not loaded"));
    if (snapshot->material.not_after_s * 1000 < host_->now_ms())
      return host_->fail(Code::kFailedPrecondition, str("the server certificate has expired"));
    return kOkStatus;
  }

  void release() noexcept override { delete this; }

  // ---- Tls
  Status chain_pem(TextSink* out) noexcept override { return write(out, &TlsMaterial::chain_pem); }
  Status key_pem(TextSink* out) noexcept override { return write(out, &TlsMaterial::key_pem); }
  Status client_ca_pem(TextSink* out) noexcept override { return write(out, &TlsMaterial::client_ca_pem); }
  Status crl_pem(TextSink* out) noexcept override { return write(out, &TlsMaterial::crl_pem); }
  Status ciphers(TextSink* out) noexcept override { return write(out, &TlsMaterial::ciphers); }
  uint32_t min_version() noexcept override {
    auto snapshot = current();
    return snapshot == nullptr ? 0x0304 : snapshot->material.min_version;
  }
  ClientAuth client_auth() noexcept override {
    auto snapshot = current();
    return snapshot == nullptr ? ClientAuth::kRequire : snapshot->material.client_auth;
  }
  uint64_t generation() noexcept override { return generation_.load(std::memory_order_acquire); }

  Status authorize(const Peer* peer, Str role, TextSink* tenant) noexcept override {
    return guard(host_, [&] {
      auto snapshot = current();
      if (snapshot == nullptr) return host_->fail(Code::kUnavailable, str("the certificate is not loaded"));
      if (role.size == 0) return kOkStatus;
      if (peer->serial.size == 0) {
        // Nameless clients are welcome where the operator neither demands certificates nor tells them apart.
        if (snapshot->material.client_auth != ClientAuth::kRequire && snapshot->rules.empty()) return kOkStatus;
        return denied("a client certificate is needed");
      }
      if (!snapshot->material.revoked.empty() &&
          snapshot->material.revoked.count(revocation_key(view(peer->issuer), view(peer->serial))) != 0)
        return denied("the client certificate is revoked");
      if (snapshot->rules.empty()) return kOkStatus;
      const TlsRule* rule = match_tls_rule(snapshot->rules, *peer);
      if (rule == nullptr) return denied("no rule allows this client certificate");
      if (std::find(rule->roles.begin(), rule->roles.end(), view(role)) == rule->roles.end())
        return denied("this client certificate is not allowed to " + std::string(view(role)));
      return tenant == nullptr || rule->tenant.empty() ? kOkStatus : tenant->write(str(rule->tenant));
    });
  }

 private:
  Status fail(const Error& error) { return host_->fail(error.code, str(error.message)); }
  Status denied(const std::string& why) { return host_->fail(Code::kPermissionDenied, str(why)); }

  std::shared_ptr<const Snapshot> current() const {
    return std::atomic_load_explicit(&snapshot_, std::memory_order_acquire);
  }

  Status write(TextSink* out, std::string TlsMaterial::*part) noexcept {
    auto snapshot = current();
    if (snapshot == nullptr) return host_->fail(Code::kUnavailable, str("the certificate is not loaded"));
    return out->write(str(snapshot->material.*part));
  }

  Result<Policy> read_policy(Config* config) {
    Settings settings(config);
    auto at = [&](const char* field, Error error) { return std::move(error).with(settings.position(field)); };
    Policy out;
    out.files = {settings.text("cert"), settings.text("key"), settings.text("client_ca"), settings.text("crl")};
    std::string auth = settings.text("client_auth");
    out.client_auth = auth == "none"       ? ClientAuth::kNone
                      : auth == "optional" ? ClientAuth::kOptional
                                           : ClientAuth::kRequire;
    out.min_version = settings.text("min_version") == "1.3" ? 0x0304 : 0x0303;
    out.ciphers = settings.text("ciphers");
    out.reload_interval_ms = std::max<int64_t>(settings.integer("reload_interval"), 1);
    auto complain = [&](const char* field, const char* text) { return at(field, Error{Code::kInvalidArgument, text}); };
    if (out.client_auth != ClientAuth::kNone && out.files.client_ca.empty())
      return complain("client_ca", "is needed to verify client certificates; or set client_auth: none");
    if (out.ciphers.empty()) out.ciphers = kDefaultCiphers;
    if (auto checked = check_ciphers(out.ciphers); !checked.ok()) return at("ciphers", std::move(checked).error());
    auto rules = parse_tls_rules(settings.text("allowed"));
    if (!rules.ok()) return at("allowed", std::move(rules).error());
    out.rules = std::move(rules).value();
    if (out.client_auth == ClientAuth::kNone && !out.rules.empty())
      return complain("allowed", "needs client certificates; set client_auth: require");
    return out;
  }

  Status register_metrics() {
    auto gauge = [&](const char* name, const char* help, MetricCells* cells) {
      MetricSpec spec{sizeof(MetricSpec), MetricType::kGauge, str(name), str(help), {}, {}};
      return host_->metric(&spec, cells);
    };
    auto reloads = [&](const char* result, MetricCells* cells) {
      KeyValue label{str("result"), str(result)};
      MetricSpec spec{sizeof(MetricSpec),
                      MetricType::kCounter,
                      str("nightlight_tls_reloads_total"),
                      str("Reloads of the TLS files after one of them changed."),
                      {&label, 1},
                      {}};
      return host_->metric(&spec, cells);
    };
    for (Status status :
         {gauge("nightlight_tls_certificate_not_after_seconds", "When the server's certificate expires, as Unix time.",
                &metrics_.certificate_not_after),
          gauge("nightlight_tls_client_ca_not_after_seconds",
                "When the first of the client authorities expires, as Unix time.", &metrics_.client_ca_not_after),
          gauge("nightlight_tls_crl_next_update_seconds",
                "When the revocation list must have been replaced, as Unix time.", &metrics_.crl_next_update),
          reloads("success", &metrics_.reloads_ok), reloads("failure", &metrics_.reloads_failed)})
      if (!status.ok()) return status;
    return kOkStatus;
  }

  Result<void> load(const Policy& policy, const std::string& seen) EXCLUDES(reload_mutex_) {
    MutexLock lock(reload_mutex_);
    return load_locked(policy, seen);
  }

  Result<void> load_locked(const Policy& policy, const std::string& seen) REQUIRES(reload_mutex_) {
    auto material = load_tls_material(policy.files, policy.client_auth, host_->now_ms() / 1000);
    seen_ = seen;
    if (!material.ok()) return std::move(material).error();
    auto next = std::make_shared<Snapshot>();
    next->material = std::move(material).value();
    next->material.ciphers = policy.ciphers;
    next->material.min_version = policy.min_version;
    next->rules = policy.rules;
    next->material.generation = generation_.load(std::memory_order_relaxed) + 1;
    set(metrics_.certificate_not_after.number, static_cast<double>(next->material.not_after_s));
    set(metrics_.client_ca_not_after.number, static_cast<double>(next->material.client_ca_not_after_s));
    set(metrics_.crl_next_update.number, static_cast<double>(next->material.crl_next_update_s));
    uint64_t generation = next->material.generation;
    // Readers that compare generations before and after must see the new number last.
    std::atomic_store_explicit(&snapshot_, std::shared_ptr<const Snapshot>(std::move(next)), std::memory_order_release);
    generation_.store(generation, std::memory_order_release);
    return {};
  }

  // Polling finds replaced symbolic links (Kubernetes secrets) as well as files, which inotify on the files would not.
  void watch(const std::stop_token& stop) {
    MutexLock lock(reload_mutex_);
    while (!stop.stop_requested() && !stopping_) {
      wake_.wait_until(reload_mutex_,
                       std::chrono::steady_clock::now() + std::chrono::milliseconds(policy_.reload_interval_ms));
      if (stop.stop_requested() || stopping_) return;
      reload_if_changed();
    }
  }

  void reload_if_changed() REQUIRES(reload_mutex_) {
    std::string seen = fingerprint(policy_.files);
    if (seen == seen_) return;
    auto loaded = load_locked(policy_, seen);
    bump(loaded.ok() ? metrics_.reloads_ok.count : metrics_.reloads_failed.count);
    if (loaded.ok()) {
      log(host_, LogLevel::kInfo, "TLS files reloaded");
    } else {
      log(host_, LogLevel::kError, "TLS files are not usable, the last good ones stay",
          {{"error", loaded.error().message}});
    }
  }

  Host* const host_;
  Metrics metrics_{};
  Mutex reload_mutex_;  // Serialises loads; guards what follows.
  ConditionVariable wake_;
  bool stopping_ GUARDED_BY(reload_mutex_) = false;
  std::string seen_ GUARDED_BY(reload_mutex_);
  Policy policy_;                             // Written before the watcher starts, then under reload_mutex_.
  std::shared_ptr<const Snapshot> snapshot_;  // By atomic_load and atomic_store.
  std::atomic<uint64_t> generation_{0};
  std::jthread watcher_;
};

constexpr Str kProvides[] = {str(kTlsId)};
constexpr Str kClientAuthChoices[] = {str("none"), str("optional"), str("require")};
constexpr Str kVersionChoices[] = {str("1.2"), str("1.3")};

constexpr ConfigField kCert =
    field("cert", FieldType::kPath, "", "The server's certificate chain in PEM form, its own first.",
          kRequired | kReloadable);
constexpr ConfigField kKey =
    field("key", FieldType::kPath, "", "The private key in PEM form, without a passphrase, readable by its owner only.",
          kRequired | kReloadable);
constexpr ConfigField kClientCa =
    field("client_ca", FieldType::kPath, "",
          "The authorities that client certificates must come from, in PEM form. The system's "
          "authorities are never used.",
          kReloadable);
constexpr ConfigField kClientAuth =
    enum_field("client_auth", view_of(kClientAuthChoices), "require",
               "Whether clients must show a certificate; what they show must be good in any case. "
               "With `optional` and rules, a client without one may do nothing.",
               kReloadable);
constexpr ConfigField kMinVersion = enum_field("min_version", view_of(kVersionChoices), "\"1.2\"",
                                               "The oldest TLS version that is spoken.", kReloadable);
constexpr ConfigField kCiphers =
    field("ciphers", FieldType::kString, kDefaultCiphers,
          "Ciphers in OpenSSL's names, joined by colons; names that begin with TLS_ are suites of "
          "TLS 1.3.",
          kReloadable);
constexpr ConfigField kCrl =
    field("crl", FieldType::kPath, "",
          "Revocation lists in PEM form, one for every authority in a client's chain. A list that is "
          "past its next update refuses every client.",
          kReloadable);
constexpr ConfigField kAllowed =
    field("allowed", FieldType::kFree, "",
          "A list of rules {uri, dns, san, cn, roles, tenant}. The first rule whose patterns match "
          "the client's certificate gives it the roles (write, read, admin) and the tenant; `*` "
          "matches within a part of a name, `**` everything. Without rules, every verified "
          "certificate may do everything.",
          kReloadable);
constexpr ConfigField kReloadInterval = bounded(field("reload_interval", FieldType::kDuration, "10s",
                                                      "How often the files are looked at for changes.", kReloadable),
                                                "10ms", "1h");
constexpr const ConfigField* kFields[] = {&kCert,    &kKey, &kClientCa, &kClientAuth,    &kMinVersion,
                                          &kCiphers, &kCrl, &kAllowed,  &kReloadInterval};

Status create(Host* host, Instance** out) noexcept {
  *out = new (std::nothrow) TlsInstance(host);
  return *out != nullptr ? kOkStatus : Status{Code::kResourceExhausted, 0};
}

}  // namespace

const Component kTlsComponent{sizeof(Component),
                              Stability::kBeta,
                              str("tls"),
                              str("TLS certificates and who may do what with them, reloaded when the files change."),
                              view_of(kProvides),
                              {nullptr, 0},
                              View<const ConfigField*>{kFields, std::size(kFields)},
                              create};

}  // namespace nightlight::net
