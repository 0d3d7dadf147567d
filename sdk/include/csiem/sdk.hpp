// csiem/sdk.hpp - write a plugin in C++17: derive from HttpExporter, WorkerExporter, OwnIoExporter or Format, end the
// file with one registration macro. Header only; the rules are in sdk/README.md.
// SPDX-License-Identifier: Apache-2.0
#ifndef CSIEM_SDK_HPP
#define CSIEM_SDK_HPP

#include <csiem/sdk/format.hpp>
#include <csiem/sdk/http_exporter.hpp>
#include <csiem/sdk/own_io_exporter.hpp>

namespace csiem {

// What a plugin says about itself beyond its name. Chained: About().vendor("Acme").limits(500, 1u << 20).
struct About {
  const char* vendor_text = "";
  const char* license_text = "";
  const char* description_text = "";
  const char* default_format_text = "native";
  const char* formats_text = "*";
  uint32_t exporter_flags = 0;
  uint32_t min_host = 0;
  csiem_limits limit{sizeof(csiem_limits), 0, 0, 0};

  constexpr About vendor(const char* v) const {
    About a = *this;
    a.vendor_text = v;
    return a;
  }
  constexpr About license(const char* v) const {
    About a = *this;
    a.license_text = v;
    return a;
  }
  constexpr About description(const char* v) const {
    About a = *this;
    a.description_text = v;
    return a;
  }
  // "none" for an exporter that wants no bodies.
  constexpr About default_format(const char* v) const {
    About a = *this;
    a.default_format_text = v;
    return a;
  }
  // Formats that the exporter accepts, separated by spaces; "*" = any.
  constexpr About accepts(const char* v) const {
    About a = *this;
    a.formats_text = v;
    return a;
  }
  // CSIEM_EXPORTER_PARTIAL, CSIEM_EXPORTER_ACKS. CSIEM_EXPORTER_OWN_IO is set by the base class.
  constexpr About flags(uint32_t v) const {
    About a = *this;
    a.exporter_flags = v;
    return a;
  }
  constexpr About min_host_abi(uint32_t v) const {
    About a = *this;
    a.min_host = v;
    return a;
  }
  // The platform's hard limits, 0 = none: events per batch, bytes per batch, bytes per event.
  constexpr About limits(uint32_t events, uint64_t batch_bytes = 0, uint64_t event_bytes = 0) const {
    About a = *this;
    a.limit = csiem_limits{sizeof(csiem_limits), events, batch_bytes, event_bytes};
    return a;
  }
};

namespace detail {

template <class Class>
constexpr bool kOwnIo = std::is_base_of_v<OwnIoExporter, Class>;
template <class Class>
using ShellOf = std::conditional_t<kOwnIo<Class>, OwnIoShell, HttpShell>;

template <class Class>
constexpr bool has_probe() {
  if constexpr (std::is_base_of_v<WorkerExporter, Class>)
    return !std::is_same_v<decltype(&Class::probe), Verdict (WorkerExporter::*)()> ||
           !std::is_same_v<decltype(&Class::health), csiem_status (WorkerExporter::*)(uint64_t)>;
  else if constexpr (kOwnIo<Class>)
    return !std::is_same_v<decltype(&Class::health), csiem_status (OwnIoExporter::*)(uint64_t)>;
  else
    return !std::is_same_v<decltype(&Class::build_probe), void (HttpExporter::*)(Request&)>;
}

template <class Class>
csiem_status create_exporter(const csiem_create_args* args, void** self, csiem_error* err) noexcept {
  return guard(err, [&]() -> csiem_status {
    const Config config(*args);
    auto exporter = construct<Class>(config, err);
    if (exporter == nullptr) return CSIEM_E_INVALID;
    *self = std::make_unique<ShellOf<Class>>(std::move(exporter), config.host()).release();
    return CSIEM_OK;
  });
}
template <class Shell>
void destroy(void* self) noexcept {
  guard(nullptr, [&] {
    delete static_cast<Shell*>(self);
    return CSIEM_OK;
  });
}
template <class Shell>
csiem_status submit(void* self, const csiem_batch* batch, uint64_t token, csiem_error* err) noexcept {
  return guard(err, [&] { return static_cast<Shell*>(self)->submit(batch, token, err); });
}
template <class Shell>
csiem_status health(void* self, uint64_t token, csiem_error* err) noexcept {
  return guard(err, [&] { return static_cast<Shell*>(self)->health(token, err); });
}
template <class Shell>
void cancel(void* self, uint64_t token) noexcept {
  guard(nullptr, [&] {
    static_cast<Shell*>(self)->cancel(token);
    return CSIEM_OK;
  });
}
template <class Class>
csiem_status create_format(const csiem_create_args* args, void** self, csiem_error* err) noexcept {
  return guard(err, [&]() -> csiem_status {
    const Config config(*args);
    *self = construct<Class>(config, err).release();
    return *self == nullptr ? CSIEM_E_INVALID : CSIEM_OK;
  });
}
template <class Class>
csiem_status encode(void* self, const csiem_event* event, csiem_writer* writer, csiem_error* err) noexcept {
  return guard(err, [&] {
    Out out(*writer);
    static_cast<Class*>(self)->encode(*event, out);
    return out.ok() ? CSIEM_OK : fail(err, CSIEM_E_NOMEM, "the event does not fit");
  });
}

template <class Class>
constexpr csiem_exporter_v1 exporter_table(const About& about, const csiem_limits* limits) {
  using Shell = ShellOf<Class>;
  csiem_exporter_v1 t{};
  t.struct_size = sizeof t;
  t.flags = about.exporter_flags | (kOwnIo<Class> ? static_cast<uint32_t>(CSIEM_EXPORTER_OWN_IO) : 0u);
  t.create = &create_exporter<Class>;
  t.destroy = &destroy<Shell>;
  t.submit = &submit<Shell>;
  t.cancel = &cancel<Shell>;
  t.health = has_probe<Class>() ? &health<Shell> : nullptr;
  t.limits = limits;
  return t;
}
template <class Class>
constexpr csiem_format_v1 format_table(const char* content_type) {
  csiem_format_v1 t{};
  t.struct_size = sizeof t;
  t.content_type = content_type;
  t.create = &create_format<Class>;
  t.destroy = &destroy<Class>;
  t.encode = &encode<Class>;
  return t;
}

}  // namespace detail
}  // namespace csiem

// The descriptor, the entry function and the note of a plugin with one component.
#define CSIEM_REGISTER_(note_kind, kind_id, id, name, version, schema, default_format, formats)                 \
  namespace {                                                                                                   \
  constexpr csiem_component csiem_component_ = {sizeof(csiem_component), 0,       kind_id,    name, schema,     \
                                                default_format,          formats, &csiem_api_};                 \
  constexpr const csiem_component* csiem_components_[] = {&csiem_component_};                                   \
  constexpr csiem_plugin csiem_descriptor_ = {sizeof(csiem_plugin),                                             \
                                              CSIEM_ABI_VERSION,                                                \
                                              csiem_about_.min_host,                                            \
                                              0,                                                                \
                                              id,                                                               \
                                              version,                                                          \
                                              csiem_about_.vendor_text,                                         \
                                              csiem_about_.license_text,                                        \
                                              csiem_about_.description_text,                                    \
                                              csiem_components_,                                                \
                                              1};                                                               \
  }                                                                                                             \
  extern "C" CSIEM_EXPORT const csiem_plugin* csiem_plugin_v1(uint32_t) noexcept { return &csiem_descriptor_; } \
  CSIEM_NOTE(note_kind, name, version)

// Class derives from HttpExporter, WorkerExporter or OwnIoExporter. `about` is a csiem::About. `schema` is JSON Schema
// text, or nullptr when it takes no settings. id, name and version are string literals.
#define CSIEM_EXPORTER(Class, id, name, version, about, schema)                                                 \
  namespace {                                                                                                   \
  constexpr csiem::About csiem_about_ = about;                                                                  \
  constexpr csiem_limits csiem_limits_ = csiem_about_.limit;                                                    \
  constexpr csiem_exporter_v1 csiem_api_ = csiem::detail::exporter_table<Class>(csiem_about_, &csiem_limits_);  \
  }                                                                                                             \
  CSIEM_REGISTER_("exporter", CSIEM_KIND_EXPORTER, id, name, version, schema, csiem_about_.default_format_text, \
                  csiem_about_.formats_text)

// The short form: accepts any format, no limits.
#define CSIEM_HTTP_EXPORTER(Class, id, name, version, format, schema) \
  CSIEM_EXPORTER(Class, id, name, version, csiem::About().default_format(format), schema)

// Class derives from Format.
#define CSIEM_FORMAT_ABOUT(Class, id, name, version, content_type, about, schema)          \
  namespace {                                                                              \
  constexpr csiem::About csiem_about_ = about;                                             \
  constexpr csiem_format_v1 csiem_api_ = csiem::detail::format_table<Class>(content_type); \
  }                                                                                        \
  CSIEM_REGISTER_("format", CSIEM_KIND_FORMAT, id, name, version, schema, nullptr, nullptr)

#define CSIEM_FORMAT(Class, id, name, version, content_type, schema) \
  CSIEM_FORMAT_ABOUT(Class, id, name, version, content_type, csiem::About(), schema)

#endif
