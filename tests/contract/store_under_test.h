// A store of a stranger's making, brought to life as a host would: created, configured, started, drained, stopped, and
// once more over the same directory.
//
// The stores are the components that provide both a sink and a storage, of the libraries that
// NIGHTLIGHT_CONTRACT_PLUGINS lists. NIGHTLIGHT_CONTRACT_CONFIG has the component's fields as YAML, in which
// ${DIRECTORY} is a directory of the test's own (default: "path: ${DIRECTORY}");
// NIGHTLIGHT_CONTRACT_OUT_OF_ORDER_WINDOW is the window that this config asks for, in milliseconds (default: 0, late
// samples are refused).
#ifndef NIGHTLIGHT_TESTS_CONTRACT_STORE_UNDER_TEST_H_
#define NIGHTLIGHT_TESTS_CONTRACT_STORE_UNDER_TEST_H_

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "contract/loaded_plugins.h"
#include "contract/stored_series.h"
#include "fakes/host.h"
#include "fakes/write_batch.h"
#include "nightlight/sink.h"
#include "nightlight/storage.h"
#include "runtime/instance_config.h"

namespace nightlight::contract {

inline std::string setting(const char* variable, const char* otherwise) {
  const char* set = std::getenv(variable);
  return set != nullptr ? set : otherwise;
}

inline int64_t out_of_order_window_ms() { return std::stoll(setting("NIGHTLIGHT_CONTRACT_OUT_OF_ORDER_WINDOW", "0")); }

inline bool provides(const Component& component, const char* id) {
  return std::any_of(component.provides.begin(), component.provides.end(),
                     [id](Str provided) { return view(provided) == id; });
}

// What append said.
struct Written {
  Status status;
  AppendResult result{};
  std::vector<fakes::Rejections::One> rejected;
};

class StoreUnderTest {
 public:
  explicit StoreUnderTest(const Component& component) : component_(component) {
    std::string made = std::filesystem::temp_directory_path() / "nightlight-contract-XXXXXX";
    REQUIRE(::mkdtemp(made.data()) != nullptr);
    directory_ = made;
    start();
  }
  ~StoreUnderTest() {
    if (instance_ != nullptr) (void)instance_->stop();
    instance_.reset();
    std::filesystem::remove_all(directory_);
  }

  void create() {
    instance_ = contract::create(component_, &host);
    config::Problems problems;
    config::Surroundings surroundings = config::real_surroundings();
    surroundings.variable = [this](const std::string& name) {
      return name == "DIRECTORY" ? std::optional<std::string>(data_directory) : std::nullopt;
    };
    if (data_directory.empty()) data_directory = directory_ / "data";
    config::Document document = config::read_document(setting("NIGHTLIGHT_CONTRACT_CONFIG", "path: ${DIRECTORY}"),
                                                      "NIGHTLIGHT_CONTRACT_CONFIG", {}, &problems);
    config::CheckedInstance checked{"store", &component_, {}, {}, {}};
    checked.fields = config::check_fields(&document.root, {}, component_.fields, "", surroundings, &problems);
    for (const std::string& line : problems.lines()) FAIL(line);
    runtime::InstanceConfig values(checked, [](std::string_view) { return nullptr; });
    Status configured = instance_->configure(&values);
    REQUIRE_MESSAGE(configured.ok(), std::string(view(host.last_error())));
  }
  void start() {
    create();
    Status started = instance_->start();
    REQUIRE_MESSAGE(started.ok(), std::string(view(host.last_error())));
  }
  // The orderly end of a host, or the one that is left when a drain did not come to its end.
  void end(bool drained = true) {
    if (drained) REQUIRE(instance_->drain(INT64_MAX).ok());
    REQUIRE(instance_->stop().ok());
    instance_.reset();
  }
  void restart(bool drained = true) {
    end(drained);
    start();
  }

  Instance& instance() { return *instance_; }
  // Null when the store does not provide it.
  template <class Interface>
  Interface* query(const char* id) {
    return static_cast<Interface*>(instance_->query(str(id)));
  }
  Sink& sink() { return *query<Sink>(kSinkId); }
  Storage& storage() { return *query<Storage>(kStorageId); }

  // A batch without a context is from a patient caller.
  Written append(WriteBatch batch) {
    if (batch.context == nullptr) batch.context = &kPatientCaller;
    fakes::Rejections rejections;
    Written out;
    out.result.struct_size = sizeof out.result;
    out.result.rejections = &rejections;
    out.status = sink().append(&batch, &out.result);
    out.rejected = rejections.all;
    CHECK(out.rejected.size() == out.result.rejected);
    for (const auto& one : out.rejected) CHECK(!one.text.empty());
    if (!out.status.ok()) CHECK(host.last_error().size > 0);
    return out;
  }
  // Stores all of a batch.
  void write(fakes::BatchBuilder& builder) {
    Written written = append(builder.batch());
    REQUIRE_MESSAGE(written.status.ok(), std::string(view(host.last_error())));
    for (const auto& one : written.rejected) FAIL_CHECK(one.text);
  }
  // Stores samples of the series {__name__="m", s=NAME}.
  void write(const std::string& name, std::vector<fakes::BatchBuilder::Point> points) {
    fakes::BatchBuilder builder;
    builder.series({{"__name__", "m"}, {"s", name}}, std::move(points));
    write(builder);
  }

  fakes::FakeHost host;
  std::string data_directory;  // What ${DIRECTORY} is at the next start.

 private:
  const Component& component_;
  std::filesystem::path directory_;
  Owned<Instance> instance_;
};

// Runs `body(store)` with a fresh store of every component that is one.
template <class Body>
void for_each_store(Body&& body) {
  int stores = 0;
  for_each_component([&](const Component& component) {
    if (!provides(component, kSinkId) || !provides(component, kStorageId)) return;
    StoreUnderTest store(component);
    body(store);
    ++stores;
  });
  REQUIRE_MESSAGE(stores > 0, "no component of NIGHTLIGHT_CONTRACT_PLUGINS provides a sink and a storage");
}

// Runs `body(store, interface)` with those that provide an interface that not every store has.
template <class Interface, class Body>
void for_each_store_with(const char* id, Body&& body) {
  for_each_store([&](StoreUnderTest& store) {
    if (auto* interface = store.query<Interface>(id); interface != nullptr) {
      body(store, *interface);
    } else {
      MESSAGE("does not provide " << id);
    }
  });
}

}  // namespace nightlight::contract

#endif  // NIGHTLIGHT_TESTS_CONTRACT_STORE_UNDER_TEST_H_
