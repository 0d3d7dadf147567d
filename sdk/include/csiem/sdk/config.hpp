// csiem/sdk/config.hpp - the settings of one instance, readable while it is being created. C++17.
// SPDX-License-Identifier: Apache-2.0
#ifndef CSIEM_SDK_CONFIG_HPP
#define CSIEM_SDK_CONFIG_HPP

#include <csiem/sdk/host.hpp>

#include <optional>

namespace csiem {

// Typed look-ups. Keys are dotted paths ("tls.ca_file"). A digit segment selects the element of an array
// ("nodes.0"); in an object "#0" is the name and "@0" the value of its first member. Members come in the order of the
// JSON text; null counts as absent. What the look-ups return is a copy and may be kept; the object itself may not.
// A missing key without a default, and a value of another type, throw std::invalid_argument, which create() reports.
class Config {
 public:
  explicit Config(const csiem_create_args& args) noexcept : args_(args), host_(args) {}
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;

  // The services, for constructors that want to log or to keep them.
  const Host& host() const noexcept { return host_; }
  // The exporter's id in the operator's configuration, "splunk-prod".
  std::string_view instance_name() const noexcept { return view(args_.instance_name); }
  // The whole of it, valid until create() returns.
  std::string_view json() const noexcept { return view(args_.config_json); }

  bool has(std::string_view key) const { return find(key).has_value(); }
  // A string as it is; numbers, booleans, arrays and objects as compact JSON text.
  std::string text(std::string_view key) const {
    auto v = find(key);
    if (!v) throw std::invalid_argument(std::string(key) + ": missing");
    return *std::move(v);
  }
  std::string text(std::string_view key, std::string_view fallback) const {
    auto v = find(key);
    return v ? *std::move(v) : std::string(fallback);
  }
  int64_t integer(std::string_view key) const {
    if (!has(key)) throw std::invalid_argument(std::string(key) + ": missing");
    return integer(key, 0);
  }
  int64_t integer(std::string_view key, int64_t fallback) const {
    if (!has(key)) return fallback;
    int64_t v = 0;
    if (host_.config()->get_i64(host_.instance(), str(key), &v) != CSIEM_OK)
      throw std::invalid_argument(std::string(key) + ": not an integer");
    return v;
  }
  bool boolean(std::string_view key, bool fallback) const {
    const auto v = find(key);
    if (!v) return fallback;
    if (*v != "true" && *v != "false") throw std::invalid_argument(std::string(key) + ": not true or false");
    return *v == "true";
  }
  // The strings of an array; empty when the key is absent. A single string counts as an array of one.
  std::vector<std::string> strings(std::string_view key) const {
    std::vector<std::string> out;
    for (std::size_t i = 0;; ++i) {
      auto v = find(std::string(key) + "." + std::to_string(i));
      if (!v) break;
      out.push_back(*std::move(v));
    }
    if (out.empty())
      if (auto v = find(key); v && !v->empty() && (*v)[0] != '[' && (*v)[0] != '{') out.push_back(*std::move(v));
    return out;
  }
  // Name and value (as by text()) of each member of an object; empty when the key is absent. Values that are null are
  // left out.
  std::vector<std::pair<std::string, std::string>> members(std::string_view key) const {
    std::vector<std::pair<std::string, std::string>> out;
    const std::string prefix = key.empty() ? std::string() : std::string(key) + ".";
    for (std::size_t i = 0;; ++i) {
      auto name = find(prefix + "#" + std::to_string(i));
      if (!name) break;
      if (auto value = find(prefix + "@" + std::to_string(i))) out.emplace_back(*std::move(name), *std::move(value));
    }
    return out;
  }
  // The handle of a setting that the schema marks "x-csiem-secret": for Request::header(), Request::url_secret and
  // Host::borrow(). Empty when the setting is absent. Never the value.
  std::string secret(std::string_view key) const { return text(key, ""); }

 private:
  std::optional<std::string> find(std::string_view key) const {
    csiem_str v{nullptr, 0};
    if (host_.config() == nullptr || host_.config()->get_str(host_.instance(), str(key), &v) != CSIEM_OK || !present(v))
      return std::nullopt;
    return std::string(view(v));
  }

  const csiem_create_args& args_;
  Host host_;
};

}  // namespace csiem

#endif
