// The objects of the pack, fitted to the cluster.
// SPDX-License-Identifier: Apache-2.0
#include "elastic/bootstrap.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "common/transport.hpp"

namespace csiem::elastic {
namespace {

namespace json = boost::json;

constexpr char kPolicy[] =
#include "elastic/ilm-policy.inc"
    ;
constexpr char kPipeline[] =
#include "elastic/pipeline.inc"
    ;
constexpr char kMappings[] =
#include "elastic/component-mappings.inc"
    ;
constexpr char kSettings[] =
#include "elastic/component-settings.inc"
    ;
constexpr char kLifecycleIlm[] =
#include "elastic/component-lifecycle-ilm.inc"
    ;
constexpr char kLifecycleDsl[] =
#include "elastic/component-lifecycle-dsl.inc"
    ;
constexpr char kTemplate[] =
#include "elastic/index-template.inc"
    ;

constexpr std::string_view kPipelineName = "clawdstrike-security";

std::string days(int64_t count) { return std::to_string(count) + "d"; }

// OpenSearch has the type under another name.
void rename_types(json::value& value) {
  if (auto* object = value.if_object()) {
    const json::value* type = object->if_contains("type");
    if (type != nullptr && type->is_string() && type->get_string() == "flattened")
      *object = json::object{{"type", "flat_object"}};  // takes no further parameters
    for (auto& member : *object) rename_types(member.value());
  } else if (auto* array = value.if_array()) {
    for (auto& one : *array) rename_types(one);
  }
}

std::string policy(const BootstrapOptions& options, const Layout& layout) {
  json::value policy = json::parse(kPolicy);
  json::object& phases = policy.at("policy").at("phases").as_object();
  // An index that no alias leads to cannot roll over: its lifecycle would stop with an error.
  if (layout.kind == Layout::Kind::dated) phases.at("hot").at("actions").as_object().erase("rollover");
  // A phase that would begin when everything is deleted already has no place.
  if (options.retention_days <= 30) phases.erase("cold");
  if (options.retention_days <= 7) phases.erase("warm");
  phases.at("delete").as_object()["min_age"] = days(options.retention_days);
  return json::serialize(policy);
}

// Index state management, OpenSearch's lifecycle: rollover each day, deletion at the end.
std::string ism_policy(const BootstrapOptions& options, const Layout& layout, const json::value& index_template) {
  const json::object roll{{"rollover", {{"min_index_age", "1d"}, {"min_primary_shard_size", "50gb"}}}};
  const json::object leave{{"state_name", "delete"}, {"conditions", {{"min_index_age", days(options.retention_days)}}}};
  const json::array states{
      json::object{{"name", "hot"},
                   {"actions", layout.kind == Layout::Kind::dated ? json::array{} : json::array{roll}},
                   {"transitions", json::array{leave}}},
      json::object{{"name", "delete"},
                   {"actions", json::array{json::object{{"delete", json::object{}}}}},
                   {"transitions", json::array{}}}};
  return json::serialize(json::object{
      {"policy",
       {{"description", "Security events of Clawdstrike"},
        {"default_state", "hot"},
        {"states", states},
        {"ism_template",
         json::array{json::object{{"index_patterns", index_template.at("index_patterns")}, {"priority", 250}}}}}}});
}

std::string mappings(Flavor flavor) {
  json::value mappings = json::parse(kMappings);
  if (flavor == Flavor::opensearch) rename_types(mappings);
  return json::serialize(mappings);
}

std::string settings(Flavor flavor, const BootstrapOptions& options) {
  json::value settings = json::parse(kSettings);
  json::object& index = settings.at("template").at("settings").at("index").as_object();
  if (flavor == Flavor::serverless) {
    index.erase("codec");
  } else {
    index["number_of_shards"] = options.shards;
    index["number_of_replicas"] = options.replicas;
  }
  if (flavor == Flavor::opensearch) index.erase("mode");
  return json::serialize(settings);
}

std::string lifecycle(Flavor flavor, const BootstrapOptions& options) {
  if (flavor == Flavor::serverless) {
    json::value own = json::parse(kLifecycleDsl);
    own.at("template").at("lifecycle").as_object()["data_retention"] = days(options.retention_days);
    return json::serialize(own);
  }
  json::value named = json::parse(kLifecycleIlm);
  named.at("template").at("settings").at("index").at("lifecycle").as_object()["name"] = options.ilm_policy;
  return json::serialize(named);
}

// The policy's name: one that rolls over is the same for all.
std::string policy_name(Flavor flavor, const BootstrapOptions& options, const Layout& layout) {
  if (layout.kind == Layout::Kind::data_streams) return options.ilm_policy;
  if (flavor == Flavor::opensearch) return options.ilm_policy + "-" + layout.stem();  // it names its indices
  return layout.kind == Layout::Kind::dated ? options.ilm_policy + "-dated" : options.ilm_policy;
}

// The template of data streams made into one of indices.
void fit_to_indices(json::object& index_template, Flavor flavor, const BootstrapOptions& options,
                    const Layout& layout) {
  index_template.erase("data_stream");
  index_template["index_patterns"] = json::array{layout.pattern};
  json::array& parts = index_template.at("composed_of").as_array();
  parts.erase(std::remove(parts.begin(), parts.end(), json::value("clawdstrike@lifecycle")), parts.end());
  const bool alias = layout.kind == Layout::Kind::alias;
  json::object index;
  if (flavor == Flavor::opensearch) {
    if (alias) index["plugins"] = {{"index_state_management", {{"rollover_alias", layout.name}}}};
  } else if (flavor != Flavor::serverless) {
    json::object lifecycle{{"name", policy_name(flavor, options, layout)}};
    if (alias) lifecycle["rollover_alias"] = layout.name;
    index["lifecycle"] = std::move(lifecycle);
  }
  if (index.empty()) return;
  index_template["template"] = flavor == Flavor::opensearch
                                   ? json::object{{"settings", std::move(index)}}
                                   : json::object{{"settings", json::object{{"index", std::move(index)}}}};
}

// "1.10.0" after "1.9.2". What is no version counts as the oldest.
bool is_newer(std::string_view there, std::string_view ours) {
  const auto take = [](std::string_view& text) {
    int64_t number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) {
      text = {};
      return int64_t{-1};
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.empty()) text.remove_prefix(1);
    return number;
  };
  while (!there.empty() || !ours.empty()) {
    const int64_t a = take(there), b = take(ours);
    if (a != b) return a > b;
  }
  return false;
}

// The first "_meta":{"version":…} anywhere: each kind of object is wrapped differently.
std::string version_in(const json::value& value) {
  if (const auto* object = value.if_object()) {
    if (const auto* meta = object->if_contains("_meta"); meta != nullptr && meta->is_object())
      if (const auto* version = meta->get_object().if_contains("version")) {
        if (version->is_string()) return std::string(version->get_string());
        if (version->is_int64()) return std::to_string(version->get_int64());
      }
    for (const auto& member : *object)
      if (std::string found = version_in(member.value()); !found.empty()) return found;
  } else if (const auto* array = value.if_array()) {
    for (const auto& one : *array)
      if (std::string found = version_in(one); !found.empty()) return found;
  }
  return {};
}

std::string version_of(std::string_view text) {
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  return error ? std::string() : version_in(value);
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

Flavor flavor_of(std::string_view word) noexcept {
  if (word == "elasticsearch") return Flavor::elasticsearch;
  if (word == "serverless") return Flavor::serverless;
  return word == "opensearch" ? Flavor::opensearch : Flavor::automatic;
}

Layout Layout::of_index(std::string_view setting) {
  constexpr std::string_view kDate = "{date}";
  const auto date = setting.find(kDate);
  std::string pattern(setting);
  for (auto at = date; at != std::string::npos; at = pattern.find(kDate, at + 1))
    pattern.replace(at, kDate.size(), "*");
  if (pattern.find('{') != std::string::npos)
    throw std::invalid_argument("prepares an alias, or an index per day; '" + std::string(setting) +
                                "' has a name for every value of a field");
  if (date != std::string_view::npos) return {Kind::dated, {}, std::move(pattern)};
  return {Kind::alias, std::string(setting), pattern + "-*"};
}

std::string Layout::stem() const {
  std::string out = pattern.substr(0, pattern.find('*'));
  while (!out.empty() && (out.back() == '-' || out.back() == '.' || out.back() == '_')) out.pop_back();
  return out;
}

std::vector<Asset> assets(Flavor flavor, const BootstrapOptions& options, const Layout& layout) {
  json::value index_template = json::parse(kTemplate);
  json::object& own = index_template.as_object();
  json::value pipeline = json::parse(kPipeline);
  const bool indices = layout.kind != Layout::Kind::data_streams;
  if (indices) fit_to_indices(own, flavor, options, layout);
  const std::string lifecycle_name = policy_name(flavor, options, layout);
  std::vector<Asset> out;
  if (flavor == Flavor::opensearch) {
    // No "use it if it is there": only what this puts there itself.
    own.erase("ignore_missing_component_templates");
    own["composed_of"] = json::array{"clawdstrike@mappings", "clawdstrike@settings"};
    pipeline.as_object().erase("_meta");
    out.push_back({"/_plugins/_ism/policies/" + lifecycle_name, ism_policy(options, layout, index_template), true, {}});
  } else if (flavor != Flavor::serverless) {
    out.push_back({"/_ilm/policy/" + lifecycle_name, policy(options, layout), true, {}});
  }
  out.push_back({"/_ingest/pipeline/" + std::string(kPipelineName), json::serialize(pipeline), false, {}});
  out.push_back({"/_component_template/clawdstrike@mappings", mappings(flavor), false, {}});
  out.push_back({"/_component_template/clawdstrike@settings", settings(flavor, options), false, {}});
  if (flavor != Flavor::opensearch && !indices)
    out.push_back({"/_component_template/clawdstrike@lifecycle", lifecycle(flavor, options), false, {}});
  const std::string name = indices ? options.index_template + "-" + layout.stem() : options.index_template;
  out.push_back({"/_index_template/" + name, json::serialize(index_template), false, {}});
  if (layout.kind == Layout::Kind::alias) {
    // An index or alias of that name is the operator's own, or what an earlier start has made.
    const json::object first{{"aliases", {{layout.name, {{"is_write_index", true}}}}}};
    out.push_back({"/" + layout.name + "-000001", json::serialize(first), false, "/" + layout.name});
  }
  return out;
}

Bootstrap::Request Bootstrap::next() const {
  if (!asked_root_) return {"GET", "/", {}};
  const Asset& asset = assets_[at_];
  if (looked_) return {"PUT", asset.path, asset.body};
  return {"GET", asset.unless.empty() ? asset.path : asset.unless, {}};
}

void Bootstrap::read_root(std::string_view body) {
  asked_root_ = true;
  if (flavor_ == Flavor::automatic) {
    flavor_ = Flavor::elasticsearch;
    if (contains(body, "\"serverless\"")) flavor_ = Flavor::serverless;
    if (contains(body, "\"opensearch\"")) flavor_ = Flavor::opensearch;
  }
  assets_ = assets(flavor_, options_, layout_);
}

void Bootstrap::advance() {
  looked_ = false;
  done_ = ++at_ == assets_.size();
}

bool Bootstrap::answered(const csiem_http_response& response, Verdict& verdict) {
  const std::string_view body = view(response.body);
  const int32_t status = response.status;
  if (response.transport != CSIEM_TRANSPORT_OK) {
    verdict = common::no_answer(response);
    return false;
  }
  if (status == 408 || status == 425 || status == 429 || status >= 500 || status < 200) {
    verdict = common::by_status(CSIEM_RETRY, response, "bootstrap");
    return false;
  }
  if (status == 401) {
    verdict = common::by_status(CSIEM_AUTH, response, "bootstrap");
    return false;
  }
  if (status < 300 && common::looks_like_html(body)) {
    verdict = Verdict::of(CSIEM_CONFIG, "es.not_elasticsearch", "an HTML page instead of an answer to bootstrap");
    return false;
  }
  if (!asked_root_) {
    // A key that may not look at the cluster may be able to install things all the same.
    read_root(status < 300 ? body : std::string_view());
    return true;
  }
  const Asset& asset = assets_[at_];
  if (!looked_) {
    looked_ = true;
    if (!asset.unless.empty()) {
      if (status < 300) advance();
    } else if (status < 300 && is_newer(version_of(body), version_of(asset.body))) {
      newer_.push_back(asset.path);
      advance();
    }
    return true;
  }
  // 409: a lifecycle policy of OpenSearch is there already and stays as it is.
  const bool there = (status == 400 && contains(body, "resource_already_exists_exception")) ||
                     (status == 409 && flavor_ == Flavor::opensearch);
  const bool unknown_here = asset.optional && (status == 410 || status == 404 || status == 405);
  if (status < 300) ++installed_;
  if (status >= 300 && !there && !unknown_here) {
    const std::string why = asset.path + ": HTTP " + std::to_string(status) + " " + common::excerpt(body, 200);
    if (options_.fail) {
      verdict = Verdict::of(CSIEM_CONFIG, "es.bootstrap", why);
      looked_ = false;
      return false;
    }
    problems_.push_back(why);
  }
  advance();
  return true;
}

}  // namespace csiem::elastic
