#include "plugin/config_view.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <deque>

namespace csiem::plugin {
namespace {

namespace json = boost::json;

bool index(std::string_view text, std::size_t* out) {
  const auto end = text.data() + text.size();
  const auto [at, ec] = std::from_chars(text.data(), end, *out);
  return ec == std::errc() && at == end && !text.empty();
}

}  // namespace

struct ConfigView::Impl {
  json::value root;
  std::deque<std::string> texts;  // what get_str() wrote down, at stable addresses
  json::value name;               // a member's name, while "#N" is being answered

  const json::value* step(const json::value& at, std::string_view segment) {
    std::size_t n = 0;
    if (const auto* array = at.if_array()) return index(segment, &n) && n < array->size() ? &(*array)[n] : nullptr;
    const auto* object = at.if_object();
    if (object == nullptr || segment.empty()) return nullptr;
    if (const json::value* member = object->if_contains(segment)) return member;
    if ((segment[0] != '#' && segment[0] != '@') || !index(segment.substr(1), &n) || n >= object->size())
      return nullptr;
    const auto& member = *(object->begin() + static_cast<std::ptrdiff_t>(n));
    if (segment[0] == '@') return &member.value();
    name = member.key();
    return &name;
  }

  const json::value* find(std::string_view path) {
    const json::value* at = &root;
    while (at != nullptr) {
      const auto segment = path.substr(0, path.find('.'));
      at = step(*at, segment);
      if (segment.size() == path.size()) break;
      path.remove_prefix(segment.size() + 1);
    }
    return at == nullptr || at->is_null() ? nullptr : at;
  }
};

ConfigView::ConfigView(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ConfigView::~ConfigView() = default;

Result<std::unique_ptr<ConfigView>> ConfigView::parse(std::string_view text) {
  auto impl = std::make_unique<Impl>();
  json::error_code ec;
  impl->root = text.empty() ? json::value(json::object()) : json::parse({text.data(), text.size()}, ec);
  if (ec) return Error{Code::invalid, "its settings are not JSON: " + ec.message(), 3009};
  if (!impl->root.is_object()) return Error{Code::invalid, "its settings are not a JSON object", 3009};
  return std::unique_ptr<ConfigView>(new ConfigView(std::move(impl)));
}

csiem_status ConfigView::get_str(std::string_view path, csiem_str* out) {
  const json::value* value = impl_->find(path);
  if (value == nullptr) return CSIEM_E_INVALID;
  const auto* text = value->if_string();
  if (text != nullptr && value != &impl_->name) {
    *out = {text->data(), text->size()};
    return CSIEM_OK;
  }
  impl_->texts.push_back(text != nullptr ? std::string(text->data(), text->size()) : json::serialize(*value));
  *out = {impl_->texts.back().data(), impl_->texts.back().size()};
  return CSIEM_OK;
}

csiem_status ConfigView::get_i64(std::string_view path, int64_t* out) const {
  const json::value* value = impl_->find(path);
  if (value == nullptr) return CSIEM_E_INVALID;
  if (const auto* n = value->if_int64()) {
    *out = *n;
    return CSIEM_OK;
  }
  if (const auto* b = value->if_bool()) {
    *out = *b ? 1 : 0;
    return CSIEM_OK;
  }
  const auto* d = value->if_double();
  if (d == nullptr || std::trunc(*d) != *d || std::fabs(*d) > 9007199254740992.0) return CSIEM_E_UNSUPPORTED;
  *out = static_cast<int64_t>(*d);
  return CSIEM_OK;
}

}  // namespace csiem::plugin
