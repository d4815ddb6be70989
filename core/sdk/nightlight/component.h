// What a plugin is: a shared library with one exported symbol, `nightlight_plugin_v0`, that returns a constant
// description of the components inside. A component is a type of instance that the config can create. It has no "kind":
// it *provides* the interfaces that its instances answer in `query`, and it *needs* whatever its config fields of type
// kRef ask for, so the config is the dependency graph.
//
// Life of an instance: create -> configure -> start -> drain -> stop -> release, each on the host's control thread.
// Providers start before those who need them and stop after them.
#ifndef NIGHTLIGHT_COMPONENT_H_
#define NIGHTLIGHT_COMPONENT_H_

#include "nightlight/abi.h"

namespace nightlight {

class Config;
class Host;

class NIGHTLIGHT_INTERFACE Instance {
 public:
  // [any] The instance as interface `id`, or null when it does not provide it. Borrowed: valid until release.
  virtual void* query(Str id) noexcept = 0;

  // [control] Checks values, takes references and metric cells. No thread is started, no file or socket opened:
  // `nightlight check` calls this too. kInvalidArgument with a text that names the field.
  virtual Status configure(Config* config) noexcept = 0;

  // [control] Opens, replays, listens. When it fails, stop is still called.
  virtual Status start() noexcept = 0;

  // [control] Refuses new work with kUnavailable, finishes or flushes what was accepted. `deadline_ns` is on the host's
  // monotonic clock; kDeadlineExceeded when work was left.
  virtual Status drain(int64_t deadline_ns) noexcept = 0;

  // [control] Joins every thread of its own. Legal without start, and twice.
  virtual Status stop() noexcept = 0;

  // [control] Applies a new config of which only fields flagged kReloadable differ. All of it or nothing.
  virtual Status reconfigure(Config* config) noexcept = 0;

  // [any] kOk when the instance can do its work; otherwise a code and text that `/-/ready` shows.
  virtual Status health() noexcept = 0;

  // [control] The last call: frees the instance.
  virtual void release() noexcept = 0;

 protected:
  ~Instance() = default;
};

enum class FieldType : uint32_t {
  kBool = 0,
  kInt = 1,
  kFloat = 2,
  kString = 3,
  kDuration = 4,  // "15d", "30s"; integer milliseconds in Value. A bare number is seconds.
  kBytes = 5,     // "512MiB"; integer bytes in Value.
  kEnum = 6,      // One of `choices`.
  kSecret = 7,    // Text, or `file:PATH`; no output prints it.
  kPath = 8,
  kAddress = 9,  // host:port
  kRef = 10,     // The name of an instance that provides `interface_id`.
  kList = 11,    // Of `item_type`.
  kMap = 12,     // Text to text.
  kFree = 13,    // Any YAML, handed over as JSON text.
};

enum FieldFlags : uint32_t {
  kRequired = 1,
  kReloadable = 2,  // May change on reload; every other field needs a restart.
  kDeprecated = 4,
};

// One key of a component's config. The table of fields is the single source of validation, defaults, `plugins inspect`,
// the documentation and the JSON Schema.
struct ConfigField {
  uint32_t struct_size;
  FieldType type;
  uint32_t flags;        // FieldFlags
  FieldType item_type;   // For kList.
  Str name;              // snake_case, unique in the component.
  Str default_value;     // As YAML text; "" for required fields and for references that may stay empty.
  Str doc;               // One sentence or more, with a full stop.
  Str interface_id;      // For kRef, and for kList of kRef.
  View<Str> choices;     // For kEnum.
  Str minimum, maximum;  // As YAML text; "": none.
};

enum class Stability : uint32_t { kDevelopment = 0, kAlpha = 1, kBeta = 2, kStable = 3 };

struct Component {
  uint32_t struct_size;
  Stability stability;
  Str type;                 // What the config calls it: snake_case, unique in the process.
  Str summary;              // One sentence.
  View<Str> provides;       // Interface ids that instances answer in query.
  View<Str> requires_host;  // Host interface ids without which this component cannot live.
  View<const ConfigField*> fields;
  // [control] Makes an instance. `host` is valid until the instance's release returns. The host may not be called
  // inside.
  Status (*create)(Host* host, Instance** out) noexcept;
};

// A constant that lives as long as the process.
struct Plugin {
  uint32_t struct_size;
  uint32_t sdk_minor;  // NIGHTLIGHT_SDK_MINOR of the build.
  Str name, version, license, url;
  Str build;  // Compiler and commit, for people.
  View<const Component*> components;
};

using PluginEntry = const Plugin* (*)() noexcept;
inline constexpr char kPluginEntrySymbol[] = "nightlight_plugin_v0";

}  // namespace nightlight

// The one exported symbol: NIGHTLIGHT_PLUGIN_ENTRY { return &my_plugin; }
#define NIGHTLIGHT_PLUGIN_ENTRY NIGHTLIGHT_EXPORT const ::nightlight::Plugin* nightlight_plugin_v0() noexcept

#endif  // NIGHTLIGHT_COMPONENT_H_
