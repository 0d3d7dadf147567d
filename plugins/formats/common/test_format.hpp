// Drives the format that is linked into the test through its entry point. Tests only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>
#include <csiem/json.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::testing {

class TestFormat {
 public:
  using Settings = std::map<std::string, std::string, std::less<>>;  // flat, by dotted path
  explicit TestFormat(Settings settings = Settings()) : settings_(std::move(settings)) {
    host_ = csiem_host{sizeof host_, CSIEM_ABI_VERSION, "test", "1", &TestFormat::service};
    csiem_create_args args{};
    args.struct_size = sizeof args;
    args.host = &host_;
    args.instance = reinterpret_cast<const csiem_instance*>(this);
    args.instance_name = str("test");
    args.config_json = str("{}");
    csiem_error err{};
    created = api().create(&args, &self_, &err) == CSIEM_OK;
    error.assign(err.text, err.len);
  }
  ~TestFormat() {
    if (self_ != nullptr) api().destroy(self_);
  }
  TestFormat(const TestFormat&) = delete;
  TestFormat& operator=(const TestFormat&) = delete;

  bool created = false;
  std::string error;

  std::string encode(const csiem_event& event) {
    std::vector<uint8_t> bytes(64);  // small, so that it must grow
    csiem_writer writer{bytes.data(), bytes.data() + bytes.size(), &TestFormat::grow, &bytes};
    csiem_error err{};
    if (api().encode(self_, &event, &writer, &err) != CSIEM_OK) return "error: " + std::string(err.text, err.len);
    return {reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(writer.cur - bytes.data())};
  }
  // Into the caller's writer.
  csiem_status encode(const csiem_event& event, csiem_writer& writer) {
    csiem_error err{};
    return api().encode(self_, &event, &writer, &err);
  }
  static const csiem_component& component() { return *csiem_plugin_v1(CSIEM_ABI_VERSION)->components[0]; }
  static const csiem_format_v1& api() { return *static_cast<const csiem_format_v1*>(component().api); }

 private:
  static csiem_status grow(csiem_writer* writer, std::size_t need) CSIEM_NOEXCEPT {
    auto& bytes = *static_cast<std::vector<uint8_t>*>(writer->impl);
    const auto used = static_cast<std::size_t>(writer->cur - bytes.data());
    bytes.resize(std::max(bytes.size() * 2, used + need));
    writer->cur = bytes.data() + used;
    writer->end = bytes.data() + bytes.size();
    return CSIEM_OK;
  }
  static csiem_status get_str(const csiem_instance* instance, csiem_str key, csiem_str* out) CSIEM_NOEXCEPT {
    const auto& settings = reinterpret_cast<const TestFormat*>(instance)->settings_;
    const auto found = settings.find(csiem::view(key));
    if (found == settings.end()) return CSIEM_E_INVALID;
    *out = str(found->second);
    return CSIEM_OK;
  }
  static csiem_status get_i64(const csiem_instance*, csiem_str, int64_t*) CSIEM_NOEXCEPT { return CSIEM_E_INVALID; }
  static const void* service(const csiem_host*, const char* id) CSIEM_NOEXCEPT {
    static const csiem_config_v1 config = {sizeof config, 0, &get_str, &get_i64};
    return std::string_view(id) == CSIEM_SERVICE_CONFIG ? &config : nullptr;
  }

  Settings settings_;
  csiem_host host_{};
  void* self_ = nullptr;
};

}  // namespace csiem::testing
