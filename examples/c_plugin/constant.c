// The contract in plain C, with its virtual tables written out: proof that the layout is what the headers say, and a
// start for other languages. It provides one PromQL function, golden_ratio().
//
// An object of an interface is a pointer to a table of function pointers, in the order of the methods in the header,
// each with the object as its first argument. (The Itanium C++ ABI, which every compiler on Linux follows; the two
// words before the table are for RTTI and are not read.)
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char* data;
  uint64_t size;
} Str;
typedef struct {
  const void* data;
  uint64_t size;
} View;
typedef struct {
  uint32_t code, detail;
} Status;

enum { kOk = 0, kNotFound = 5, kResourceExhausted = 8, kUnimplemented = 12 };
static const Status kOkStatus = {kOk, 0};

#define STR(text) \
  { text, sizeof(text) - 1 }
static int equal(Str a, const char* b) { return a.size == strlen(b) && memcmp(a.data, b, a.size) == 0; }

// ---- host.h: what is called here
// -------------------------------------------------------------------------------------
typedef struct Host Host;
typedef struct {
  void* (*query)(Host*, Str);
  Status (*fail)(Host*, uint32_t code, Str text);
  // More methods follow; this plugin does not call them.
} HostTable;
struct Host {
  const HostTable* table;
};

static Status fail(Host* host, uint32_t code, const char* text) {
  Str s = {text, strlen(text)};
  return host->table->fail(host, code, s);
}

// ---- function.h
// ------------------------------------------------------------------------------------------------------
typedef struct {
  uint32_t struct_size, argument_count;
  const struct {
    uint32_t struct_size, flags;
    const void* context;
    View times_ms;
  } * evaluation;
  View arguments;
} Call;

typedef struct {
  uint32_t struct_size, flags;
  Str name;
  uint32_t shape, result;
  View arguments;
  int32_t variadic;
  uint32_t reserved;
  Str doc;
} FunctionSpec;

typedef struct Function Function;
typedef struct {
  Status (*window)(Function*, const Call*, const void* windows, void* out);
  Status (*column)(Function*, const Call*, const void* in, void* out);
  Status (*vector)(Function*, const Call*, void* out);
  Status (*scalar)(Function*, const Call*, double* out);
  void (*release)(Function*);
} FunctionTable;
struct Function {
  const FunctionTable* table;
  Host* host;
};

static Status wrong_shape(Function* self) {
  return fail(self->host, kUnimplemented, "golden_ratio is a scalar function");
}
static Status function_window(Function* self, const Call* c, const void* w, void* o) {
  (void)c;
  (void)w;
  (void)o;
  return wrong_shape(self);
}
static Status function_column(Function* self, const Call* c, const void* i, void* o) {
  (void)c;
  (void)i;
  (void)o;
  return wrong_shape(self);
}
static Status function_vector(Function* self, const Call* c, void* o) {
  (void)c;
  (void)o;
  return wrong_shape(self);
}
static Status function_scalar(Function* self, const Call* call, double* out) {
  (void)self;
  for (uint64_t i = 0; i < call->evaluation->times_ms.size; ++i) out[i] = 1.618033988749895;
  return kOkStatus;
}
static void function_release(Function* self) { free(self); }
static const FunctionTable kFunctionTable = {function_window, function_column, function_vector, function_scalar,
                                             function_release};

static const FunctionSpec kSpec = {
    sizeof(FunctionSpec),    0, STR("golden_ratio"), 3 /* kScalar shape */, 0 /* scalar */, {0, 0}, 0, 0,
    STR("The golden ratio.")};
static const FunctionSpec* const kSpecs[] = {&kSpec};

// ---- component.h
// ----------------------------------------------------------------------------------------------------- One object, two
// interfaces: each begins with its own table, and `query` returns the right part.
typedef struct Constant Constant;
typedef struct {
  void* (*query)(Constant*, Str);
  Status (*configure)(Constant*, void* config);
  Status (*start)(Constant*);
  Status (*drain)(Constant*, int64_t deadline_ns);
  Status (*stop)(Constant*);
  Status (*reconfigure)(Constant*, void* config);
  Status (*health)(Constant*);
  void (*release)(Constant*);
} InstanceTable;
typedef struct Library Library;
typedef struct {
  View (*functions)(Library*);
  Status (*prepare)(Library*, Str name, Function** out);
} LibraryTable;
struct Library {
  const LibraryTable* table;
  Host* host;
};
struct Constant {
  const InstanceTable* table;
  Library library;
};

static View library_functions(Library* self) {
  (void)self;
  View v = {kSpecs, 1};
  return v;
}
static Status library_prepare(Library* self, Str name, Function** out) {
  if (!equal(name, "golden_ratio")) return fail(self->host, kNotFound, "no such function");
  Function* f = malloc(sizeof *f);
  if (f == NULL) return fail(self->host, kResourceExhausted, "out of memory");
  f->table = &kFunctionTable;
  f->host = self->host;
  *out = f;
  return kOkStatus;
}
static const LibraryTable kLibraryTable = {library_functions, library_prepare};

static void* constant_query(Constant* self, Str id) {
  return equal(id, "nightlight.functions/0") ? &self->library : NULL;
}
static Status constant_configure(Constant* self, void* config) {
  (void)self;
  (void)config;
  return kOkStatus;
}
static Status constant_nothing(Constant* self) {
  (void)self;
  return kOkStatus;
}
static Status constant_drain(Constant* self, int64_t deadline_ns) {
  (void)self;
  (void)deadline_ns;
  return kOkStatus;
}
static void constant_release(Constant* self) { free(self); }
static const InstanceTable kInstanceTable = {constant_query,   constant_configure, constant_nothing, constant_drain,
                                             constant_nothing, constant_configure, constant_nothing, constant_release};

static Status create(Host* host, Constant** out) {
  Constant* self = malloc(sizeof *self);
  if (self == NULL) return fail(host, kResourceExhausted, "out of memory");
  self->table = &kInstanceTable;
  self->library.table = &kLibraryTable;
  self->library.host = host;
  *out = self;
  return kOkStatus;
}

static const Str kProvides[] = {STR("nightlight.functions/0")};
static const struct {
  uint32_t struct_size, stability;
  Str type, summary;
  View provides, requires_host, fields;
  Status (*create)(Host*, Constant**);
} kComponent = {sizeof kComponent, 1,      STR("constant"), STR("The golden ratio, from C."),
                {kProvides, 1},    {0, 0}, {0, 0},          create};
static const void* const kComponents[] = {&kComponent};
static const struct {
  uint32_t struct_size, sdk_minor;
  Str name, version, license, url, build;
  View components;
} kPlugin = {sizeof kPlugin, 1, STR("constant"), STR("1.0.0"), STR("MIT"), STR(""), STR("C"), {kComponents, 1}};

__attribute__((visibility("default"))) const void* nightlight_plugin_v0(void) { return &kPlugin; }
