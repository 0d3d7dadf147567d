#include "config/schema_walker.hpp"

#include <algorithm>
#include <cmath>

#include "config/context.hpp"
#include "config/reader.hpp"
#include "config/reference.hpp"
#include "config/scan.hpp"
#include "config/suggest.hpp"
#include "config/url.hpp"
#include "config/value.hpp"

namespace csiem::config {
namespace {

std::string below(const std::string& path, const std::string& name) { return path.empty() ? name : path + "." + name; }

// How well `node` fits the type of `schema`, before looking closer.
bool kind_fits(const json::object& schema, const Node& node) {
  const bool unit = text_at(schema, "format") == "duration" || text_at(schema, "format") == "size";
  if (unit && (node.kind == Node::Kind::text || node.kind == Node::Kind::integer)) return true;
  if (as_text(node) != nullptr && takes_type(schema, "string")) return true;
  if (as_integer(node) && (takes_type(schema, "integer") || takes_type(schema, "number"))) return true;
  if (as_real(node) && takes_type(schema, "number")) return true;
  if (as_flag(node) && takes_type(schema, "boolean")) return true;
  if (node.kind == Node::Kind::list) return takes_type(schema, "array");
  return node.kind == Node::Kind::table && takes_type(schema, "object");
}

bool is_secret(const json::value& choice) {
  return choice.is_object() && flag_at(choice.get_object(), "x-csiem-secret");
}

std::string quoted_list(const json::value& names) {
  std::string out;
  if (names.is_array())
    for (const auto& one : names.get_array())
      if (one.is_string()) out += (out.empty() ? "'" : " with '") + std::string(one.get_string()) + "'";
  return out;
}

std::optional<double> bound(const json::object& schema, std::string_view name) {
  const json::value* found = schema.if_contains(name);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->to_number<double>();
}

}  // namespace

std::nullopt_t SchemaWalker::wrong_type(const json::object& schema, const Node& node, const std::string& path) {
  const std::string wanted = types_text(schema);
  const std::string seen = node.loose ? "the text given" : std::string(kind_text(node.kind));
  auto& finding = findings_.error(
      1022, node.value, name(path) + " takes " + (wanted.empty() ? "another type" : wanted) + ", not " + seen);
  const bool scalar = node.kind != Node::Kind::table && node.kind != Node::Kind::list;
  if (node.kind == Node::Kind::text && wanted.find("string") == std::string::npos && wanted.find("array") != 0)
    finding.hint = "write it without quotes";
  else if (scalar && node.kind != Node::Kind::text && wanted == "a string")
    finding.hint = "put it in quotes";
  else if (scalar && wanted == "an array")
    finding.hint = "put it in brackets: [\"…\"]";
  return std::nullopt;
}

std::optional<json::value> SchemaWalker::value(const json::object& schema, const Node& node, const std::string& path,
                                               Marks marks) {
  if (node.unresolved) return std::nullopt;
  marks.secret = marks.secret || flag_at(schema, "x-csiem-secret");
  marks.origin = marks.origin || origin_at(schema);
  marks.masked = marks.masked || flag_at(schema, "x-csiem-mask");
  marks.masked_url = marks.masked_url || text_at(schema, "x-csiem-mask") == "url";
  if (marks.masked) findings_.secret_at(node.value);
  if (marks.masked_url) findings_.secret_url_at(node.value);
  marks.cloud_id = marks.cloud_id || text_at(schema, "x-csiem-origin") == "cloud_id";
  marks.host_template = marks.host_template || text_at(schema, "x-csiem-origin") == "template";
  marks.allowed_hosts = marks.allowed_hosts || text_at(schema, "x-csiem-origin") == "hosts";
  if (const json::value* hosts = schema.if_contains("x-csiem-origin"); hosts != nullptr && hosts->is_array())
    marks.hosts = &hosts->get_array();
  if (const json::array* choices = alternatives(schema)) return alternative(*choices, schema, node, path, marks);
  if (!kind_fits(schema, node)) {
    if (marks.secret) findings_.secret_at(node.value);
    return wrong_type(schema, node, path);
  }
  if (!marks.secret && node.kind == Node::Kind::text) refuse_reference(node, path, request_.where, findings_);
  std::optional<json::value> out;
  const auto format = text_at(schema, "format");
  if (node.kind == Node::Kind::table) {
    out = object(schema, node, path, marks);
  } else if (node.kind == Node::Kind::list) {
    out = list(schema, node, path, marks);
  } else if (marks.secret) {
    return secret(node, path);
  } else if (format == "duration" || format == "size") {
    out = unit(schema, node, path);
  } else if (node.kind == Node::Kind::flag || (node.loose && as_flag(node) && takes_type(schema, "boolean"))) {
    out = json::value(*as_flag(node));
    if (flag_at(schema, "x-csiem-allow-private") && *as_flag(node)) allow_private(node, path);
  } else if (as_real(node) && (takes_type(schema, "integer") || takes_type(schema, "number"))) {
    out = number(schema, node, path);
  } else {
    out = text(schema, node, path, marks);
  }
  if (out && !in_enum(schema, node, *out, path)) return std::nullopt;
  return out;
}

std::optional<json::value> SchemaWalker::alternative(const json::array& choices, const json::object& schema,
                                                     const Node& node, const std::string& path, Marks marks) {
  const json::object* best = nullptr;
  std::size_t fewest = 0;
  const bool mixed =
      std::any_of(choices.begin(), choices.end(), is_secret) && !std::all_of(choices.begin(), choices.end(), is_secret);
  for (const auto& choice : choices) {
    const json::object* candidate = choice.if_object();
    // A literal URL is not to be taken for a secret because it is malformed.
    if (mixed && node.kind == Node::Kind::text && is_secret(choice) != is_reference(node.text)) continue;
    if (candidate == nullptr || (alternatives(*candidate) == nullptr && !kind_fits(*candidate, node))) continue;
    // A trial run: what it finds and binds is thrown away.
    Findings trial;
    PluginSchema::Answer bindings;
    SchemaWalker(request_, trial, bindings).value(*candidate, node, path, marks);
    const std::size_t errors = trial.errors();
    if (best == nullptr || errors < fewest) {
      best = candidate;
      fewest = errors;
    }
    if (errors == 0) break;
  }
  if (best != nullptr) return value(*best, node, path, marks);
  if (marks.secret) findings_.secret_at(node.value);
  return wrong_type(schema, node, path);
}

std::optional<json::value> SchemaWalker::secret(const Node& node, const std::string& path) {
  check_secret(node, path, request_.where, findings_);
  if (node.text.empty()) return std::nullopt;
  SecretBinding binding;
  const bool from_route =
      request_.set != nullptr && request_.set->at(std::string_view(path).substr(0, path.find('['))) != nullptr;
  binding.handle = from_route ? request_.set_prefix + path : path;
  if (is_reference(node.text))
    binding.reference = node.text;
  else
    binding.literal = node.text;
  binding.origin = node.value;
  answer_.secrets.push_back(binding);
  return json::value(binding.handle);
}

std::optional<json::value> SchemaWalker::text(const json::object& schema, const Node& node, const std::string& path,
                                              Marks marks) {
  const std::string& text = *as_text(node);
  const auto length = static_cast<double>(code_points(text));
  if (const auto least = bound(schema, "minLength"); least && length < *least) {
    if (text.empty())
      findings_.error(1025, node.value, name(path) + " must not be empty");
    else
      findings_.error(1025, node.value,
                      name(path) + " takes at least " + std::to_string(std::lround(*least)) + " characters");
    return std::nullopt;
  }
  if (const auto most = bound(schema, "maxLength"); most && length > *most) {
    findings_.error(1025, node.value,
                    name(path) + " takes at most " + std::to_string(std::lround(*most)) + " characters");
    return std::nullopt;
  }
  if (!matches(schema, node, path)) return std::nullopt;
  if (marks.origin || text_at(schema, "format") == "template") confined(node, path);
  if (marks.allowed_hosts)
    allowed_host(node, path);
  else if (marks.hosts != nullptr)
    site(node, path, *marks.hosts);
  else if (marks.origin)
    origin(node, path, marks);
  if ((marks.masked || marks.masked_url) && !text.empty()) answer_.masked.push_back(text);
  if (flag_at(schema, "x-csiem-writes") && text != "-") answer_.writes.push_back({text, node.value});
  return json::value(text);
}

void SchemaWalker::confined(const Node& node, const std::string& path) {
  if (!as_text(node)->starts_with('{')) return;
  const std::string message = name(path) + " is a template that begins with an event field";
  if (request_.allow_unconfined)
    findings_.warning(1051, node.value, message).hint = "allowed by allow_unconfined";
  else
    findings_.error(1051, node.value, message).hint = "begin with literal text";
}

void SchemaWalker::origin(const Node& node, const std::string& path, Marks marks) {
  const std::string& url = *as_text(node);
  if (url.empty() || url.starts_with('{') || is_reference(url)) return;
  // A host that an event chooses is known when the event is; what it may be is another setting's to say.
  if (marks.host_template && url.substr(0, end_of_authority(url)).find('{') != std::string::npos) return;
  std::string problem;
  const auto parsed = marks.cloud_id ? origin_of_cloud_id(url, &problem) : parse_origin(url, &problem);
  if (!parsed && marks.cloud_id) {
    findings_.error(1024, node.value, name(path) + " is not a usable cloud id: " + problem);
    return;
  }
  if (!parsed) {
    findings_.error(1024, node.value, name(path) + " is not a usable URL: " + problem).hint =
        url.find("://") != std::string::npos ? ""
        : marks.masked_url                   ? "begin it with https://"
                                             : "did you mean 'https://" + url + "'?";
    return;
  }
  allow(parsed->text());
}

void SchemaWalker::site(const Node& node, const std::string& path, const json::array& hosts) {
  const auto bare = site_name(*as_text(node));
  if (!bare) {
    findings_.error(1024, node.value, name(path) + " is not a site").hint =
        "a site is a bare host name, as in \"example.com\"";
    return;
  }
  for (const json::value& host : hosts) {
    if (!host.is_string()) continue;
    std::string url(host.get_string());
    if (const auto gap = url.find("{}"); gap != std::string::npos) url.replace(gap, 2, *bare);
    std::string problem;
    if (const auto parsed = parse_origin(url, &problem)) allow(parsed->text());
  }
}

void SchemaWalker::allowed_host(const Node& node, const std::string& path) {
  const std::string& pattern = *as_text(node);
  const std::string_view host = pattern.starts_with("*.") ? std::string_view(pattern).substr(2) : pattern;
  std::string problem;
  const auto parsed = parse_origin("https://" + std::string(host), &problem);
  // "*.com" would be everybody's.
  if (parsed && parsed->host.size() == host.size() && (host == pattern || host.find('.') != std::string_view::npos)) {
    answer_.allowed_hosts.push_back(std::string(pattern, 0, pattern.size() - host.size()) + parsed->host);
    return;
  }
  findings_.error(1024, node.value, name(path) + " is not a host name").hint =
      "a name as in hooks.example.com, or *.example.com for all names below one";
}

void SchemaWalker::allow_private(const Node& node, const std::string& path) {
  answer_.allow_private = true;
  findings_.warning(1110, node.value, name(path) + ": a host that an event chooses may be one of a private network")
      .hint = "name such a receiver in the address itself where that is possible";
}

void SchemaWalker::allow(std::string origin) {
  if (std::find(answer_.origins.begin(), answer_.origins.end(), origin) == answer_.origins.end())
    answer_.origins.push_back(std::move(origin));
}

std::optional<json::value> SchemaWalker::unit(const json::object& schema, const Node& node, const std::string& path) {
  const bool duration = text_at(schema, "format") == "duration";
  std::optional<int64_t> amount = as_integer(node);
  if (node.kind == Node::Kind::text && !amount) {
    if (duration) {
      amount = parse_duration_ms(node.text);
    } else if (const auto size = parse_size(node.text)) {
      amount = static_cast<int64_t>(*size);
    }
  }
  const bool number = takes_type(schema, "integer") || takes_type(schema, "number");
  if (!amount || *amount < 0 || (!number && as_integer(node))) {
    auto& finding =
        findings_.error(1022, node.value, name(path) + " takes " + types_text(schema) + ", not " + toml_text(node));
    finding.hint = duration ? "units are ms, s, m, h and d, from large to small: \"1h30m\""
                            : "units are KiB, MiB, GiB (1024) and KB, MB, GB (1000)";
    return std::nullopt;
  }
  if (!in_bounds(schema, node, static_cast<double>(*amount), path)) return std::nullopt;
  if (number) return json::value(*amount);
  return json::value(node.text);
}

std::optional<json::value> SchemaWalker::number(const json::object& schema, const Node& node, const std::string& path) {
  const auto integer = as_integer(node);
  const double real = *as_real(node);
  if (!std::isfinite(real)) return wrong_type(schema, node, path);
  if (!in_bounds(schema, node, real, path)) return std::nullopt;
  return integer ? json::value(*integer) : json::value(real);
}

std::optional<json::value> SchemaWalker::list(const json::object& schema, const Node& node, const std::string& path,
                                              Marks marks) {
  const auto size = static_cast<double>(node.items.size());
  const auto least = bound(schema, "minItems"), most = bound(schema, "maxItems");
  if ((least && size < *least) || (most && size > *most)) {
    findings_.error(1025, node.value,
                    name(path) +
                        (least && size < *least ? " takes at least " + std::to_string(std::lround(*least))
                                                : " takes at most " + std::to_string(std::lround(*most))) +
                        " elements");
    return std::nullopt;
  }
  json::array out;
  const json::object* items = object_at(schema, "items");
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const std::string at = path + "[" + std::to_string(i) + "]";
    static const json::object kAnything;
    auto item = value(items == nullptr ? kAnything : *items, node.items[i], at, marks);
    if (!item) continue;
    if (flag_at(schema, "uniqueItems") && std::find(out.begin(), out.end(), *item) != out.end())
      findings_.error(1024, node.items[i].value, name(path) + " holds this element twice");
    out.push_back(std::move(*item));
  }
  return json::value(std::move(out));
}

std::optional<json::value> SchemaWalker::object(const json::object& schema, const Node& node, const std::string& path,
                                                Marks marks) {
  json::object out;
  const json::object* properties = object_at(schema, "properties");
  const json::value* more = schema.if_contains("additionalProperties");
  const bool open =
      more == nullptr ? properties == nullptr : more->is_object() || (more->is_bool() && more->get_bool());
  for (const auto& [key, member] : node.members) {
    const json::object* known = properties == nullptr ? nullptr : object_at(*properties, key);
    if (known == nullptr && more != nullptr) known = more->if_object();
    static const json::object kAnything;
    if (known == nullptr && open) known = &kAnything;
    if (known == nullptr) {
      unknown(member, key, path, properties);
    } else if (auto converted = value(*known, member, below(path, key), marks)) {
      out.emplace(key, std::move(*converted));
    } else if (required(schema, key) && member.kind == Node::Kind::text && member.text.empty() && !member.unresolved) {
      findings_.error(1023, member.value, name(below(path, key)) + " must not be empty");
    }
  }
  if (properties != nullptr)
    for (const auto& [key, property] : *properties)
      if (property.is_object() && node.find(key) == nullptr) missing(schema, std::string(key), node, path, marks, out);
  check_choices(schema, node, path);
  check_rules(schema, node, path);
  return json::value(std::move(out));
}

// oneOf/anyOf [{required: [a]}, {required: [b]}]: which settings exclude each other, or of which one is needed.
void SchemaWalker::check_choices(const json::object& schema, const Node& node, const std::string& path) {
  const json::array* choices = required_choices(schema);
  if (choices == nullptr) return;
  std::vector<const Node*> present;
  std::string all;
  std::string first;
  for (const auto& choice : *choices) {
    const json::value& names = choice.get_object().at("required");
    if (!names.is_array()) continue;
    all += (all.empty() ? "" : " or ") + quoted_list(names);
    const Node* last = nullptr;
    const bool whole = std::all_of(names.get_array().begin(), names.get_array().end(), [&](const json::value& one) {
      last = one.is_string() ? node.find(std::string(one.get_string())) : nullptr;
      return last != nullptr;
    });
    if (!whole || last == nullptr) continue;
    present.push_back(last);
    if (first.empty()) first = quoted_list(names);
    if (present.size() == 2 && schema.contains("oneOf")) {
      findings_
          .error(1026, last->value, quoted_list(names) + " and " + first + " " + request_.where + " exclude each other")
          .notes.push_back("the other one stands at " + present.front()->value.text());
    }
  }
  if (present.empty())
    findings_.error(1023, path.empty() ? request_.header : node.value, "missing key " + all + " " + request_.where);
}

bool SchemaWalker::required(const json::object& schema, std::string_view name) const {
  const json::value* names = schema.if_contains("required");
  if (names == nullptr || !names->is_array()) return false;
  return std::any_of(names->get_array().begin(), names->get_array().end(),
                     [&](const json::value& one) { return one.is_string() && one.get_string() == name; });
}

// A property that was not written: its default, the defaults inside of it, or a complaint.
void SchemaWalker::missing(const json::object& schema, const std::string& name, const Node& table,
                           const std::string& path, Marks marks, json::object& out) {
  const json::object& property = object_at(schema, "properties")->at(name).get_object();
  const std::string full = below(path, name);
  const Origin nowhere{"default", 0, 0, 0};
  const json::value* fallback = property.if_contains("default");
  const bool nested = fallback == nullptr && text_at(property, "type") == "object" &&
                      property.if_contains("properties") != nullptr && property.if_contains("required") == nullptr;
  if (fallback == nullptr && required(schema, name)) {
    findings_.error(1023, path.empty() ? request_.header : table.value, "missing key '" + full + "' " + request_.where)
        .hint = std::string(text_at(property, "description"));
    return;
  }
  if (fallback == nullptr && !nested) return;
  const Node node = fallback == nullptr ? Node() : node_from_json(*fallback, nowhere);
  Findings ignored;  // a plugin's own default needs no complaint
  SchemaWalker walker(request_, ignored, answer_);
  auto converted = walker.value(property, node, full, marks);
  if (!converted || (nested && converted->is_object() && converted->get_object().empty())) return;
  if (!nested) answer_.defaults.emplace_back(full, toml_text(node));
  out.emplace(name, std::move(*converted));
}

void SchemaWalker::unknown(const Node& node, const std::string& name, const std::string& path,
                           const json::object* properties) {
  std::vector<std::string> known;
  if (properties != nullptr)
    for (const auto& [key, property] : *properties) known.emplace_back(key);
  if (path.empty()) known.insert(known.end(), request_.other_names.begin(), request_.other_names.end());
  const std::string where = path.empty() ? request_.where : "in '" + path + "' " + request_.where;
  auto& finding = report_unknown(node, name, below(path, name), where, known, findings_);
  if (path.empty())
    finding.notes.push_back("exporter type '" + request_.type + "' accepts " + std::to_string(known.size()) +
                            " keys, see `clawdstrike-siem plugins info " + request_.type + " --keys`");
}

bool SchemaWalker::in_bounds(const json::object& schema, const Node& node, double value, const std::string& path) {
  const auto least = bound(schema, "minimum"), most = bound(schema, "maximum");
  if ((!least || value >= *least) && (!most || value <= *most)) return true;
  const auto show = [](double number) {
    Node text;
    text.kind = std::floor(number) == number && std::fabs(number) < 1e15 ? Node::Kind::integer : Node::Kind::real;
    text.integer = text.kind == Node::Kind::integer ? static_cast<int64_t>(number) : 0;
    text.real = number;
    return toml_text(text);
  };
  const auto format = text_at(schema, "format");
  const std::string unit = format == "duration" ? " ms" : format == "size" ? " bytes" : "";
  std::string range =
      least ? (most ? show(*least) + " to " + show(*most) : "at least " + show(*least)) : "at most " + show(*most);
  findings_.error(1025, node.value, name(path) + " takes " + range + unit + ", not " + toml_text(node));
  return false;
}

bool SchemaWalker::in_enum(const json::object& schema, const Node& node, const json::value& value,
                           const std::string& path) {
  const json::value* list = schema.if_contains("enum");
  json::array single;
  if (const json::value* only = schema.if_contains("const")) single.push_back(*only);
  const json::array* allowed = list != nullptr ? list->if_array() : single.empty() ? nullptr : &single;
  if (allowed == nullptr || std::find(allowed->begin(), allowed->end(), value) != allowed->end()) return true;
  auto& finding = findings_.error(1024, node.value, name(path) + " cannot be " + toml_text(node));
  std::vector<std::string> words;
  std::string note = "one of";
  for (const auto& one : *allowed) {
    if (one.is_string()) words.emplace_back(one.get_string());
    note += (note == "one of" ? " " : ", ") + (one.is_string() ? words.back() : toml_text(node_from_json(one, {})));
  }
  if (node.kind == Node::Kind::text) finding.hint = did_you_mean(node.text, words);
  finding.notes.push_back(std::move(note));
  return false;
}

}  // namespace csiem::config
