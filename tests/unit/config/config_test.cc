#include "config/config.h"

#include <doctest/doctest.h>

#include "config/diff.h"
#include "config/graph.h"
#include "config/print.h"
#include "config/schema.h"
#include "fake_components.h"

namespace nightlight::config {
namespace {

using Lines = std::vector<std::string>;

// Prints in messages of doctest.
std::string joined(const Lines& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

struct Checked {
  CheckedConfig config;
  std::vector<std::string> problems;
};

Checked checked(std::string_view text, std::vector<std::string> overrides = {},
                std::initializer_list<std::string_view> without = {}) {
  static std::vector<std::unique_ptr<Components>> kept;  // A CheckedConfig points into components.
  kept.push_back(std::make_unique<Components>(fake::all(without)));
  Problems problems;
  Document document = read_document(text, "c.yaml", overrides, &problems);
  Checked out;
  out.config = check(document, *kept.back(), fake::surroundings(), &problems);
  out.problems = problems.lines();
  return out;
}

Checked valid(std::string_view text, std::vector<std::string> overrides = {},
              std::initializer_list<std::string_view> without = {}) {
  Checked out = checked(text, std::move(overrides), without);
  CHECK(joined(out.problems) == "");
  return out;
}

std::vector<std::string> names(const CheckedConfig& config) {
  std::vector<std::string> out;
  for (const CheckedInstance& instance : config.instances) out.push_back(instance.name);
  return out;
}

std::string value(const CheckedConfig& config, std::string_view instance, std::string_view field) {
  const CheckedInstance* found = config.find(instance);
  REQUIRE(found != nullptr);
  const CheckedField& checked = field_of(found->fields, field);
  if (checked.value.kind == ValueKind::kList) {
    std::string out;
    for (const Datum& item : checked.value.items) out += "[" + item.text + "]";
    return out;
  }
  return to_text(checked.value, checked.field->type);
}

TEST_CASE("mistakes are told with line, column, path and a way out") {
  struct Case {
    std::string what;
    const char* text;
    Lines expected;
  } cases[] = {
      {"an unknown section", "sever: {}\n", {"c.yaml:1:1: unknown key \"sever\", did you mean \"server\"?"}},
      {"an unknown key of the short form",
       "storage:\n  retention_day: 3\n",
       {"c.yaml:2:3: storage: unknown key \"retention_day\", did you mean \"retention_days\"?"}},
      {"a key that resembles nothing",
       "log: {colour: red}\n",
       {"c.yaml:1:7: log: unknown key \"colour\", known keys: level and format"}},
      {"a duplicate key",
       "storage:\n  data_dir: a\n  data_dir: b\n",
       {"c.yaml:3:3: \"data_dir\" was already given at line 2, remove one of the two"}},
      {"a wrong type",
       "storage:\n  max_head_samples: many\n",
       {"c.yaml:2:21: storage.max_head_samples: \"many\" is not an integer"}},
      {"a value out of range",
       "server: {max_concurrent_streams: 0}\n",
       {"c.yaml:1:34: server.max_concurrent_streams: 0 is below the minimum 1"}},
      {"a wrong word",
       "log: {level: warning}\n",
       {"c.yaml:1:14: log.level: \"warning\" is not one of debug, info, warn and error, did you mean \"warn\"?"}},
      {"an address without a port",
       "server: {http_addr: localhost}\n",
       {"c.yaml:1:21: server.http_addr: \"localhost\" is not an address such as 127.0.0.1:9101 or [::1]:9101"}},
      {"a map where a value belongs",
       "storage:\n  data_dir: {a: b}\n",
       {"c.yaml:2:13: storage.data_dir: found a map, expected a path"}},
      {"a variable that is not set",
       "storage: {data_dir: \"${NOWHERE}/x\"}\n",
       {"c.yaml:1:21: storage.data_dir: the environment variable NOWHERE is not set, set it or write "
        "${NOWHERE:-default}"}},
      {"a missing key of tls",
       "tls:\n  cert_file: a\n",
       {"c.yaml:2:3: tls: \"key_file\" is missing, add key_file: a path"}},
      {"client certificates without an authority",
       "tls: {cert_file: a, key_file: b, require_client_cert: true}\n",
       {"c.yaml:1:55: tls.require_client_cert: needs ca_file, the authorities that client certificates come from"}},
      {"an unknown type",
       "instances:\n  a: {type: gorila, path: x}\n",
       {"c.yaml:2:13: instances.a: unknown type \"gorila\", did you mean \"gorilla\"?"}},
      {"a type that resembles nothing",
       "instances:\n  a: {type: kafka}\n",
       {"c.yaml:2:13: instances.a: unknown type \"kafka\", known types: gorilla, grpc_api, host_api, http, "
        "prometheus_api, "
        "promql, promql_std, remote_write, tee and tls (is its plugin in plugins.load?)"}},
      {"no type",
       "instances:\n  a: {path: x}\n",
       {"c.yaml:2:3: instances.a: \"type\" is missing, one of gorilla, grpc_api, host_api, http, prometheus_api, "
        "promql, "
        "promql_std, remote_write, tee and tls"}},
      {"an unknown instance",
       "instances:\n  store: {type: gorilla, path: x}\n  engine: {type: promql, storage: stor}\n",
       {"c.yaml:3:35: instances.engine.storage: there is no instance \"stor\", did you mean \"store\"?"}},
      {"a reference to the wrong thing",
       "instances:\n  std: {type: promql_std}\n  blocks: {type: gorilla, path: x}\n"
       "  write: {type: remote_write, listener: front, sink: std}\n  front: {type: http}\n",
       {"c.yaml:4:54: instances.write.sink: \"std\" provides nightlight.functions/0, but this field needs "
        "nightlight.sink/0 "
        "(blocks provides it)"}},
      {"a reference to the wrong thing inside a list",
       "instances:\n  b: {type: gorilla, path: x}\n  e: {type: promql, storage: b, functions: [b]}\n",
       {"c.yaml:3:45: instances.e.functions[0]: \"b\" provides nightlight.storage/0 and nightlight.sink/0, but this "
        "field needs "
        "nightlight.functions/0 (add an instance of type promql_std)"}},
      {"a circle",
       "instances:\n  a: {type: tee, first: b, second: s}\n  b: {type: tee, first: s, second: a}\n"
       "  s: {type: gorilla, path: x}\n",
       {"c.yaml:2:3: instances.a: instances need each other in a circle: a -> b -> a, remove one of these references"}},
      {"an instance that needs itself",
       "instances:\n  a: {type: tee, first: a, second: a}\n",
       {"c.yaml:2:3: instances.a: instances need each other in a circle: a -> a, remove one of these references"}},
      {"a bad name",
       "instances:\n  A b: {type: promql_std}\n",
       {"c.yaml:2:3: instances.A b: a name begins with a small letter and has letters, digits, _ and - only"}},
      {"an instance that is no map",
       "instances:\n  a: gorilla\n",
       {"c.yaml:2:6: instances.a: expected a map with a type, for example {type: http, listen: \"127.0.0.1:9101\"}"}},
      {"a secret that cannot be read",
       "instances:\n  h: {type: http, token: \"file:/nowhere\"}\n",
       {"c.yaml:2:26: instances.h.token: cannot open /nowhere"}},
      {"not a config at all",
       "- a\n- b\n",
       {"c.yaml:1:1: expected a map of sections such as server, storage, tls or instances"}},
      {"two documents", "log: {}\n---\nlog: {}\n", {"c.yaml:2:1: a second document begins, a config is one document"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(joined(checked(c.text).problems) == joined(c.expected));
  }
}

TEST_CASE("all mistakes are told in one run, in the order of the file") {
  Lines lines =
      checked("log: {level: loud}\nserver:\n  http_addr: x\nsecretion: 1\ninstances:\n  a: {type: tee, first: b}\n")
          .problems;
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].starts_with("c.yaml:1:14: log.level: "));
  CHECK(lines[1].starts_with("c.yaml:3:14: server.http_addr: "));
  CHECK(lines[2].starts_with("c.yaml:4:1: unknown key \"secretion\""));
  CHECK(lines[3] == "c.yaml:6:3: instances.a: \"second\" is missing, add second: the name of an instance");
  CHECK(lines[4].starts_with("c.yaml:6:25: instances.a.first: there is no instance \"b\""));
}

TEST_CASE("broken YAML is told where it breaks") {
  Lines lines = checked("server: [\n").problems;
  REQUIRE(!lines.empty());
  CHECK(lines.back().starts_with("c.yaml:"));
  CHECK(!checked("a: b: c\n").problems.empty());
  CHECK(!checked("\"").problems.empty());
  CHECK(!checked(std::string_view("a\0b", 3)).problems.empty());
}

TEST_CASE("aliases cannot make a small file large") {
  std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    std::string below = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
    for (int k = 0; k < 9; ++k) text += "," + below;
    text += "]\n";
  }
  Lines lines = checked(text).problems;
  bool told = false;
  for (const std::string& line : lines) told |= line.find("too many values") != std::string::npos;
  CHECK(told);
}

TEST_CASE("aliases and anchors are read") {
  Checked c = valid("instances:\n  a: &x {type: gorilla, path: p}\n  b: *x\n");
  CHECK(value(c.config, "b", "path") == "p");
}

TEST_CASE("an empty file is the short form with its defaults") {
  Checked c = valid("");
  CHECK(names(c.config) == Lines{"functions", "http", "host", "store", "engine", "api", "rpc", "write"});
  CHECK(value(c.config, "http", "listen") == "0.0.0.0:9101");
  CHECK(value(c.config, "rpc", "listen") == "0.0.0.0:9100");
  CHECK(value(c.config, "store", "path") == "./data");
  CHECK(value(c.config, "store", "retention") == "15d");
  CHECK(value(c.config, "engine", "query_timeout") == "30s");
  CHECK(value(c.config, "engine", "max_samples") == "10000000");
  CHECK(value(c.config, "engine", "functions") == "[functions]");
}

TEST_CASE("every key of the short form reaches its field") {
  Checked c = valid(R"(
server:
  grpc_addr: 127.0.0.1:1
  http_addr: "127.0.0.1:2"
  max_concurrent_streams: 3
  query_timeout_seconds: 4.5
  max_samples_per_query: 5
  insecure: true
  enable_lifecycle: true
storage:
  data_dir: /d$$x
  retention_days: 6.5
  wal_segment_size_mb: 7
  block_duration_hours: 8
  max_head_samples: 9
  compaction_interval_seconds: 10
tls: {cert_file: c, key_file: k, ca_file: a, require_client_cert: true}
)");
  CHECK(value(c.config, "rpc", "listen") == "127.0.0.1:1");
  CHECK(value(c.config, "http", "listen") == "127.0.0.1:2");
  CHECK(value(c.config, "rpc", "max_concurrent_streams") == "3");
  CHECK(value(c.config, "engine", "query_timeout") == "4s500ms");
  CHECK(value(c.config, "engine", "max_samples") == "5");
  CHECK(value(c.config, "http", "insecure") == "true");
  CHECK(value(c.config, "host", "enable_lifecycle") == "true");
  CHECK(value(c.config, "store", "path") == "/d$x");
  CHECK(value(c.config, "store", "retention") == "6d12h");
  CHECK(value(c.config, "store", "wal_segment_size") == "7MiB");
  CHECK(value(c.config, "store", "block_duration") == "8h");
  CHECK(value(c.config, "store", "max_head_samples") == "9");
  CHECK(value(c.config, "store", "compaction_interval") == "10s");
  CHECK(value(c.config, "tls", "cert") == "c");
  CHECK(value(c.config, "tls", "key") == "k");
  CHECK(value(c.config, "tls", "client_ca") == "a");
  CHECK(value(c.config, "tls", "client_auth") == "require");
  CHECK(value(c.config, "http", "tls") == "tls");
  CHECK(value(c.config, "rpc", "tls") == "tls");
}

TEST_CASE("client certificates: the authority's file asks for them, require_client_cert decides how strictly") {
  auto client_auth = [](const std::string& more) {
    return value(valid("tls: {cert_file: c, key_file: k" + more + "}\n").config, "tls", "client_auth");
  };
  CHECK(client_auth("") == "none");
  CHECK(client_auth(", require_client_cert: false") == "none");
  CHECK(client_auth(", ca_file: a") == "require");
  CHECK(client_auth(", ca_file: a, require_client_cert: true") == "require");
  CHECK(client_auth(", ca_file: a, require_client_cert: false") == "optional");
}

TEST_CASE("instances of the long form extend, replace, remove and join the expanded ones") {
  Checked c = valid(R"(
storage: {retention_days: 3}
instances:
  store: {compaction_interval: 5m}
  write: {type: remote_write, sink: both}
  both: {type: tee, first: store, second: spare}
  spare: {type: gorilla, path: /spare}
  rpc: null
)");
  CHECK(value(c.config, "store", "retention") == "3d");
  CHECK(value(c.config, "store", "compaction_interval") == "5m");
  CHECK(value(c.config, "write", "sink") == "both");
  CHECK(value(c.config, "write", "listener") == "http");
  CHECK(c.config.find("rpc") == nullptr);
  Checked replaced = valid(
      "server: {}\ninstances:\n  store: {type: tee, first: a, second: a}\n  a: {type: gorilla, path: p}\n"
      "  engine: {storage: a}\n  api: {storage: a}\n  rpc: {storage: a}\n");
  CHECK(value(replaced.config, "store", "first") == "a");
}

TEST_CASE("without the short form only what is written exists, and listeners tell of the host") {
  Checked c = valid(
      "instances:\n  front: {type: http}\n  http: {type: http, listen: \"127.0.0.1:1\"}\n  std: {type: promql_std}\n");
  CHECK(names(c.config) == Lines{"front", "host_front", "http", "host", "std"});
  CHECK(value(c.config, "host_front", "listener") == "front");
  CHECK(names(valid("instances:\n  front: {type: http}\n  x: {type: host_api, listener: front}\n").config) ==
        Lines{"front", "x"});
  CHECK(names(valid("instances:\n  front: {type: http}\n  host_front: null\n").config) == Lines{"front"});
}

TEST_CASE("what is not loaded is left out of the expansion, with what cannot live without it") {
  CHECK(names(valid("", {}, {"gorilla", "grpc_api"}).config) == Lines{"functions", "http", "host"});
  CHECK(names(valid("", {}, {"http"}).config) == Lines{"functions", "store", "engine", "rpc"});
}

TEST_CASE("variables are expanded once, in scalars of every type but free ones") {
  Checked c = valid(
      "instances:\n  h: {type: http, listen: \"127.0.0.1:${PORT}\", token: \"${WORD}$$${EMPTY:-e}${NO:-}\"}\n"
      "  s: {type: gorilla, path: p, max_head_samples: \"${PORT}\"}\n"
      "  w: {type: remote_write, listener: h, sink: s, relabel: [{replacement: \"${1}-$2\", n: 1, q: \"1\", z: ~}]}\n");
  CHECK(value(c.config, "h", "listen") == "127.0.0.1:7000");
  CHECK(field_of(c.config.find("h")->fields, "token").value.text == "a $b$e");
  CHECK(value(c.config, "s", "max_head_samples") == "7000");
  CHECK(value(c.config, "w", "relabel") == R"([{"replacement":"${1}-$2","n":1,"q":"1","z":null}])");
  CHECK(valid("storage: {data_dir: \"${WORD}\"}").config.short_form.used);
  CHECK(value(valid("storage: {data_dir: \"${WORD}\"}").config, "store", "path") == "a $b");
}

TEST_CASE("secrets come from files and are never printed") {
  Checked c = valid("instances:\n  h: {type: http, token: \"file:/secret\"}\n");
  CHECK(field_of(c.config.find("h")->fields, "token").value.text == "hunter2");
  std::string printed = print_effective(c.config, Origins::kShown);
  CHECK(printed.find("hunter2") == std::string::npos);
  CHECK(printed.find("token: \"***\"") != std::string::npos);
}

TEST_CASE("the printed config shows where each value came from, and reads back as the same config") {
  Checked c = valid("storage:\n  retention_days: 3\ninstances:\n  http: {headers: {A: \"b: c\", D: \"$$1\"}}\n",
                    {"log.level=debug"});
  std::string printed = print_effective(c.config, Origins::kShown);
  CAPTURE(printed);
  auto shows = [&](const std::string& text, const std::string& origin) {
    size_t at = printed.find(text);
    REQUIRE(at != std::string::npos);
    CHECK(printed.substr(at, printed.find('\n', at) - at).ends_with("  # " + origin));
  };
  shows("retention: 3d", "c.yaml:2 (short form: storage.retention_days)");
  shows("path: ./data", "default of storage.data_dir");
  shows("max_body: 32MiB", "default");
  shows("level: debug", "--set log.level=debug");
  shows("headers: {A: \"b: c\", D: \"$$1\"}", "c.yaml:4");
  Checked again = valid(printed);
  Changes changes = compare(c.config, again.config);
  CHECK(changes.reloadable == Lines{});
  CHECK(changes.need_restart == Lines{});
}

TEST_CASE("overrides reach any depth and have no lines") {
  Checked c = valid("", {"storage.retention_days=3", "instances.http.headers={X: y}"});
  CHECK(value(c.config, "store", "retention") == "3d");
  CHECK(c.config.find("http") != nullptr);
  CHECK(checked("", {"nonsense"}).problems ==
        Lines{"--set nonsense: expected key=value, for example storage.retention_days=30"});
  CHECK(checked("", {"log.level=loud"})
            .problems.at(0)
            .starts_with("--set log.level=loud: log.level: \"loud\" is not one of"));
  CHECK(!checked("log: {level: info}", {"log.level.x=1"}).problems.empty());
}

TEST_CASE("a reload may change reloadable fields and nothing else") {
  Checked before = valid("storage: {retention_days: 3}\n");
  auto after = [&](std::string_view text, std::vector<std::string> overrides = {}) {
    return compare(before.config, valid(text, std::move(overrides)).config);
  };
  Changes reloadable = after("storage: {retention_days: 4}\nlog: {level: debug}\nserver: {enable_lifecycle: true}\n");
  CHECK(reloadable.reloadable == Lines{"log.level", "instances.host.enable_lifecycle", "instances.store.retention"});
  CHECK(reloadable.need_restart == Lines{});
  Changes restart = after(
      "storage: {retention_days: 4, data_dir: elsewhere}\nhost: {threads: 3}\n"
      "instances: {rpc: null, extra: {type: gorilla, path: q}, functions: {type: gorilla, path: z}, engine: "
      "{functions: []}}\n");
  CHECK(restart.reloadable == Lines{"instances.store.retention"});
  CHECK(restart.need_restart == Lines{"host.threads", "instances.functions.type", "instances.store.path",
                                      "instances.engine.functions", "instances.rpc (removed)",
                                      "instances.extra (added)"});
}

TEST_CASE("providers start before those who need them, ties by name") {
  Order order = start_order({{"z", {}}, {"a", {"m"}}, {"m", {"z"}}, {"b", {}}, {"c", {"not there"}}});
  CHECK(order.names == Lines{"b", "c", "z", "m", "a"});
  CHECK(order.cycle == Lines{});
  Order circle = start_order({{"x", {}}, {"a", {"x", "b"}}, {"b", {"c"}}, {"c", {"b"}}});
  CHECK(circle.names == Lines{"x"});
  CHECK(circle.cycle == Lines{"b", "c", "b"});
}

TEST_CASE("the graph is printed for Graphviz with an arrow for each reference") {
  std::string dot = print_dot(valid("").config);
  CHECK(dot.find("\"engine\" -> \"store\" [label=\"storage\"];") != std::string::npos);
  CHECK(dot.find("\"engine\" -> \"functions\" [label=\"functions\"];") != std::string::npos);
}

TEST_CASE("schema and documentation have every field of every component") {
  Components components = fake::all();
  std::string schema = json_schema(components), docs = markdown(components);
  for (const std::string& type : components.types()) {
    CHECK(docs.find("### `" + type + "`") != std::string::npos);
    for (const ConfigField* field : components.find(type)->fields) {
      std::string name(view(field->name));
      CHECK(schema.find("\"" + name + "\": {") != std::string::npos);
      CHECK(docs.find("| `" + name + "` |") != std::string::npos);
    }
  }
  CHECK(docs.find("| `retention` | duration | `15d` | How long. *Reloadable.* |") != std::string::npos);
  CHECK(docs.find("| `functions` | list of instance with `nightlight.functions/0` |") != std::string::npos);
}

TEST_CASE("malformed components are refused") {
  auto refusal = [](Component component) {
    Components components;
    auto added = components.add(&component, "test");
    return added.ok() ? std::string() : added.error().message;
  };
  CHECK(refusal(fake::kTee) == "");
  Component bad = fake::kTee;
  bad.type = str("Tee");
  CHECK(refusal(bad) == "component \"Tee\": its type is not snake_case");
  bad = fake::kTee;
  bad.create = nullptr;
  CHECK(refusal(bad) == "component \"tee\": it has no create function");
  bad = fake::kTee;
  const ConfigField* twice[] = {&fake::kFirst, &fake::kFirst};
  bad.fields = view_of(twice);
  CHECK(refusal(bad) == "component \"tee\": field \"first\" is there twice");
  Components components;
  REQUIRE(components.add(&fake::kTee, "one").ok());
  CHECK(components.add(&fake::kTee, "two").error().message == "component \"tee\" is already provided by one");
}

}  // namespace
}  // namespace nightlight::config
