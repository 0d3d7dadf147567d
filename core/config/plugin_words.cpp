#include "config/plugin_words.hpp"

#include <algorithm>
#include <optional>

#include "base/messages.hpp"
#include "config/node.hpp"
#include "config/schema_walker.hpp"

namespace csiem::config {
namespace {

json::object parsed(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  return !error && value.is_object() ? std::move(value.get_object()) : json::object();
}

const json::value* at(const json::object& settings, std::string_view path) {
  const json::object* here = &settings;
  for (;;) {
    const auto dot = path.find('.');
    const json::value* found = here->if_contains(path.substr(0, dot));
    if (found == nullptr || dot == std::string_view::npos) return found;
    here = found->if_object();
    if (here == nullptr) return nullptr;
    path.remove_prefix(dot + 1);
  }
}

// A text or the first of a list, unless it names fields of events or is something else.
std::optional<std::string> plain_value(const json::object& settings, std::string_view path) {
  const json::value* value = at(settings, path);
  if (value != nullptr && value->is_array() && !value->get_array().empty()) value = &value->get_array().front();
  if (value == nullptr || !value->is_string()) return std::nullopt;
  std::string text(value->get_string());
  if (text.empty() || text.find('{') != std::string::npos) return std::nullopt;
  return text;
}

bool written_below(const Destination& destination, const std::string& path) {
  return destination.places.contains(path) ||
         std::any_of(destination.secrets.begin(), destination.secrets.end(), [&](const SecretBinding& secret) {
           return secret.handle == path || secret.handle.ends_with("." + path);
         });
}

// The plugin's words of the code, or null.
const json::object* entry(const json::object& schema, std::string_view vendor_code, int message_code) {
  const json::object* answers = object_at(schema, "x-csiem-answers");
  if (answers == nullptr) return nullptr;
  const json::object* found = vendor_code.empty() ? nullptr : object_at(*answers, vendor_code);
  return found != nullptr ? found : object_at(*answers, messages::code_text(message_code));
}

bool is_origin(const json::object& property) {
  if (origin_at(property)) return true;
  const json::array* choices = alternatives(property);
  return choices != nullptr && std::any_of(choices->begin(), choices->end(), [](const json::value& choice) {
           return choice.is_object() && origin_at(choice.get_object());
         });
}

// The first of several that was written; the first one when none was.
std::string written_of(std::string_view settings, const Destination& destination) {
  const std::string_view first = settings.substr(0, settings.find(','));
  while (!settings.empty()) {
    const auto comma = settings.find(',');
    const std::string one(settings.substr(0, comma));
    if (written_below(destination, one)) return one;
    settings = comma == std::string_view::npos ? std::string_view() : settings.substr(comma + 1);
  }
  return std::string(first);
}

std::string usual_setting(const json::object& schema, const Destination& destination, int message_code) {
  if (message_code == 4010 && !destination.secrets.empty()) return destination.secrets.front().handle;
  if (message_code != 4001 && message_code != 4002 && message_code != 4003) return {};
  if (const json::object* properties = object_at(schema, "properties"))
    for (const auto& [key, property] : *properties)
      if (property.is_object() && is_origin(property.get_object()) && written_below(destination, std::string(key)))
        return std::string(key);
  return {};
}

std::string shown(const Destination& destination, const std::string& setting, const SecretBinding* secret) {
  if (secret != nullptr) return setting + " = " + toml_quoted(secret->reference.empty() ? "…" : secret->reference);
  const json::object settings = parsed(destination.settings_json);
  const json::value* value = at(settings, setting);
  if (value == nullptr) return {};
  const std::string text = toml_text(node_from_json(*value, {}));
  const bool hidden = std::any_of(destination.masked.begin(), destination.masked.end(),
                                  [&](const std::string& one) { return text.find(one) != std::string::npos; });
  return setting + " = " + (hidden ? toml_quoted("…") : text);
}

}  // namespace

AnswerWords answer_words(std::string_view schema_json, const Destination& destination, std::string_view vendor_code,
                         int message_code) {
  const json::object schema = parsed(schema_json);
  AnswerWords out;
  out.origin = destination.origin;
  if (const json::object* words = entry(schema, vendor_code, message_code)) {
    out.setting = written_of(text_at(*words, "setting"), destination);
    out.next = std::string(text_at(*words, "next"));
  }
  if (out.setting.empty()) out.setting = usual_setting(schema, destination, message_code);
  if (out.setting.empty()) return out;
  const auto secret = std::find_if(
      destination.secrets.begin(), destination.secrets.end(),
      [&](const SecretBinding& one) { return one.handle == out.setting || one.handle.ends_with("]." + out.setting); });
  const bool is_secret = secret != destination.secrets.end();
  out.value = shown(destination, out.setting, is_secret ? &*secret : nullptr);
  const auto place = destination.places.find(out.setting);
  if (is_secret)
    out.origin = secret->origin;
  else if (place != destination.places.end())
    out.origin = place->second;
  return out;
}

std::string lookup_words(std::string_view schema_json, const Destination& destination, std::string_view event_id) {
  const json::object schema = parsed(schema_json);
  const json::object settings = parsed(destination.settings_json);
  std::string_view rest = text_at(schema, "x-csiem-lookup");
  std::string out;
  while (!rest.empty()) {
    const auto open = rest.find('{');
    const auto close = open == std::string_view::npos ? open : rest.find('}', open);
    out += rest.substr(0, close == std::string_view::npos ? rest.size() : open);
    if (close == std::string_view::npos) break;
    std::string_view names = rest.substr(open + 1, close - open - 1);
    rest.remove_prefix(close + 1);
    const auto bar = names.find('|');
    std::string value(bar == std::string_view::npos ? std::string_view() : names.substr(bar + 1));
    names = names.substr(0, bar);
    while (!names.empty()) {
      const auto comma = names.find(',');
      const std::string_view name = names.substr(0, comma);
      const auto found = name == "event_id" ? std::string(event_id) : plain_value(settings, name);
      if (found) {
        value = *found;
        break;
      }
      names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
    }
    out += value;
  }
  return out;
}

}  // namespace csiem::config
