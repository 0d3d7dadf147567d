// A well-behaved exporter of which each file here breaks one rule. C++14, so that callbacks are not noexcept and may
// throw; nothing of the SDK but the C header. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdio>
#include <cstring>

namespace hostile {

struct Self {
  const csiem_instance* instance;
  const csiem_delivery_v1* delivery;
  const csiem_log_v1* log;
  const csiem_metrics_v1* metrics;
  const csiem_http_v1* http;
  const csiem_runtime_v1* runtime;
  int64_t good;  // setting "good": so many batches are handled well before the sin begins
  uint64_t last_token;
};

inline csiem_str text(const char* s) { return {s, std::strlen(s)}; }

inline csiem_batch_result result(int32_t outcome) {
  csiem_batch_result r;
  std::memset(&r, 0, sizeof r);
  r.struct_size = sizeof r;
  r.outcome = outcome;
  r.except_stride = sizeof(csiem_event_result);
  return r;
}

inline void deliver(const Self* self, uint64_t token) {
  const csiem_batch_result r = result(CSIEM_DELIVERED);
  self->delivery->complete(self->instance, token, &r);
}

// True while the batch is one of those that shall be handled well.
inline bool still_good(Self* self) { return self->good > 0 && self->good-- > 0; }

inline csiem_status create(const csiem_create_args* args, void** self, csiem_error*) {
  const auto service = [args](const char* id) { return args->host->service(args->host, id); };
  auto* s = new Self{args->instance,
                     static_cast<const csiem_delivery_v1*>(service(CSIEM_SERVICE_DELIVERY)),
                     static_cast<const csiem_log_v1*>(service(CSIEM_SERVICE_LOG)),
                     static_cast<const csiem_metrics_v1*>(service(CSIEM_SERVICE_METRICS)),
                     static_cast<const csiem_http_v1*>(service(CSIEM_SERVICE_HTTP)),
                     static_cast<const csiem_runtime_v1*>(service(CSIEM_SERVICE_RUNTIME)),
                     0,
                     0};
  const auto* config = static_cast<const csiem_config_v1*>(service(CSIEM_SERVICE_CONFIG));
  config->get_i64(args->instance, text("good"), &s->good);
  *self = s;
  return CSIEM_OK;
}
inline void destroy(void* self) { delete static_cast<Self*>(self); }
inline csiem_status submit(void* self, const csiem_batch*, uint64_t token, csiem_error*) {
  deliver(static_cast<Self*>(self), token);
  return CSIEM_OK;
}
inline void cancel(void*, uint64_t) {}

inline csiem_exporter_v1 exporter() {
  csiem_exporter_v1 t;
  std::memset(&t, 0, sizeof t);
  t.struct_size = sizeof t;
  t.create = &create;
  t.destroy = &destroy;
  t.submit = &submit;
  t.cancel = &cancel;
  return t;
}

inline csiem_component component(const char* name, const void* api) {
  csiem_component c;
  std::memset(&c, 0, sizeof c);
  c.struct_size = sizeof c;
  c.kind = CSIEM_KIND_EXPORTER;
  c.name = name;
  c.config_schema = R"({"type":"object","properties":{"good":{"type":"integer","minimum":0}}})";
  c.default_format = "native";
  c.formats = "*";
  c.api = api;
  return c;
}

inline csiem_plugin plugin(const csiem_component* const* components) {
  csiem_plugin p;
  std::memset(&p, 0, sizeof p);
  p.struct_size = sizeof p;
  p.abi_version = CSIEM_ABI_VERSION;
  p.id = "org.clawdstrike.test";
  p.version = "1.0.0";
  p.vendor = "test";
  p.license = "Apache-2.0";
  p.description = "breaks one rule";
  p.components = components;
  p.component_count = 1;
  return p;
}

}  // namespace hostile

#define HOSTILE_NOTE(sin) CSIEM_NOTE("exporter", "hostile_" sin, "1.0.0")

// Tables and entry of an exporter whose api table is the expression `api_value`.
#define HOSTILE_EXPORTER(sin, api_value)                                                       \
  HOSTILE_NOTE(sin);                                                                           \
  static const csiem_exporter_v1 api_table = api_value;                                        \
  static const csiem_component the_component = hostile::component("hostile_" sin, &api_table); \
  static const csiem_component* const the_components[] = {&the_component};                     \
  static const csiem_plugin the_plugin = hostile::plugin(the_components);                      \
  extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) { return &the_plugin; }

// An exporter that is good but for its submit.
#define HOSTILE_SUBMIT(sin, function)          \
  static csiem_exporter_v1 make_api() {        \
    csiem_exporter_v1 t = hostile::exporter(); \
    t.submit = &function;                      \
    return t;                                  \
  }                                            \
  HOSTILE_EXPORTER(sin, make_api())

// An exporter that is good but for its health.
#define HOSTILE_HEALTH(sin, function)          \
  static csiem_exporter_v1 make_api() {        \
    csiem_exporter_v1 t = hostile::exporter(); \
    t.health = &function;                      \
    return t;                                  \
  }                                            \
  HOSTILE_EXPORTER(sin, make_api())
