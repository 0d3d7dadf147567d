// csiem/sdk/config.hpp - the settings of one instance, readable while it is being created. C++17.
// SPDX-License-Identifier: Apache-2.0
#ifndef CSIEM_SDK_CONFIG_HPP
#define CSIEM_SDK_CONFIG_HPP

#include <csiem/sdk/host.hpp>

#include <memory>
#include <optional>
#include <type_traits>

namespace csiem {

// Typed look-ups. Keys are dotted paths ("tls.ca_file"). A digit segment selects the element of an array
// ("nodes.0"); in an object "#0" is the name and "@0" the value of its first member. Members come in the order of the
// JSON text; null counts as absent. What the look-ups return is a copy and may be kept; the object itself may not.
// A missing key without a default, and a value of another type, throw std::invalid_argument, which create() reports.
//
// An operator wants to hear of every mistake at once. Instead of throwing at the first one, a constructor may refuse()
// a setting and go on, or attempt() what throws: create() fails when it is through, with all that was noted, one line
// per problem: "key.path: what is wrong; what to write instead". The host shows each line at the place of its key
// ("nodes[1]", "auth.token", "headers.X-Key"), and what stands behind the last "; " as the suggestion. A key with
// "@OFFSET+LENGTH" behind it ("template@7+12") is about so many bytes inside of the setting's text.
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

  // Notes that the setting `key` cannot be used, and why. The instance will not come to life.
  void refuse(std::string_view key, std::string_view why) const { refuse(std::string(key) + ": " + std::string(why)); }
  // The same, of a text that begins with the key, such as std::invalid_argument carries.
  void refuse(std::string line) const {
    for (char& c : line)
      if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    if (std::find(refused_.begin(), refused_.end(), line) == refused_.end()) refused_.push_back(std::move(line));
  }
  // What `read` gives. A std::invalid_argument is noted, and the answer is empty.
  template <class F>
  auto attempt(F&& read) const -> decltype(read()) {
    using Answer = decltype(read());
    try {
      return read();
    } catch (const std::invalid_argument& e) {
      refuse(std::string(e.what()));
    }
    if constexpr (!std::is_void_v<Answer>) return Answer();
  }
  bool refused() const noexcept { return !refused_.empty(); }
  // The lines noted so far, in at most as many bytes as an error holds; the last line tells how many did not fit.
  std::string refusals() const {
    constexpr std::size_t kRoom = sizeof(csiem_error::text) - 1, kLastLine = 40;
    std::string out;
    for (std::size_t i = 0; i < refused_.size(); ++i) {
      const bool last = i + 1 == refused_.size();
      if (i > 0 && out.size() + 1 + refused_[i].size() + (last ? 0 : kLastLine) > kRoom)
        return out + "\nand " + std::to_string(refused_.size() - i) + " more problems";
      if (i > 0) out += '\n';
      out += refused_[i].size() + kLastLine > kRoom && !last ? cut(refused_[i], kRoom - kLastLine) : refused_[i];
    }
    return out;
  }

 private:
  // At a boundary between characters.
  static std::string cut(const std::string& text, std::size_t bytes) {
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0u) == 0x80u) --bytes;
    return text.substr(0, bytes);
  }
  std::optional<std::string> find(std::string_view key) const {
    csiem_str v{nullptr, 0};
    if (host_.config() == nullptr || host_.config()->get_str(host_.instance(), str(key), &v) != CSIEM_OK || !present(v))
      return std::nullopt;
    return std::string(view(v));
  }

  const csiem_create_args& args_;
  Host host_;
  mutable std::vector<std::string> refused_;
};

namespace detail {

// Constructs a Class with what `config` says. Null when it was refused; then `err` holds every reason.
template <class Class>
std::unique_ptr<Class> construct(const Config& config, csiem_error* err) {
  auto object = [&]() -> std::unique_ptr<Class> {
    try {
      return std::make_unique<Class>(config);
    } catch (const std::invalid_argument& e) {
      config.refuse(std::string(e.what()));
      return nullptr;
    }
  }();
  if (!config.refused()) return object;
  fail(err, CSIEM_E_INVALID, config.refusals());
  return nullptr;
}

}  // namespace detail

}  // namespace csiem

#endif
