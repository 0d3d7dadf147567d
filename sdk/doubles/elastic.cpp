// Elasticsearch _bulk: grammar, authentication, results per item, create as the only way into a data stream.
//
// Rules: Elasticsearch's bulk API reference; messages as its sources word them.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <set>
#include <utility>

#include "elastic_objects.hpp"
#include "encoding.hpp"
#include "json_read.hpp"
#include "platform.hpp"

namespace csiem::doubles {
namespace {

namespace json = boost::json;

bool looks_like_time(std::string_view text) {
  return text.size() >= 20 && text[4] == '-' && text[10] == 'T' && text.back() == 'Z';
}

class Elastic final : public Platform {
 public:
  Elastic(PlatformOptions options, Recorder& recorder, FaultPlan& faults)
      : options_(std::move(options)),
        recorder_(recorder),
        faults_(faults),
        flavor_(options_.flavor == "serverless"   ? ElasticFlavor::serverless
                : options_.flavor == "opensearch" ? ElasticFlavor::opensearch
                                                  : ElasticFlavor::standard),
        objects_(flavor_) {}

  Answer handle(const Call& call) override {
    if (auto refused = authorise(call)) return *refused;
    if (call.path == "/" && call.method == "GET") return root();
    if (options_.refuse_objects && call.method == "PUT" && call.path != "/_bulk" && call.path.rfind("/_", 0) == 0)
      return elastic_error(403, "security_exception", "action [cluster:admin] is unauthorized for API key");
    if (auto object = objects_.handle(call)) {
      if (call.method == "PUT" && object->status >= 400 && object->status != 409 && object->status != 410)
        recorder_.violation("PUT " + call.path + ": " + object->body);
      return *object;
    }
    if (call.path == "/_cluster/health") return {200, R"({"status":"green"})", "application/json", {}};
    std::string index;
    if (call.path != "/_bulk") {
      const std::size_t end = call.path.rfind("/_bulk");
      if (end == std::string::npos || end + 6 != call.path.size() || end < 2) {
        recorder_.violation("unknown path " + call.path);
        return elastic_error(405, "method_not_allowed", "Incorrect HTTP method for uri [" + call.path + "]");
      }
      index = call.path.substr(1, end - 1);
    }
    if (call.method != "POST" && call.method != "PUT") {
      recorder_.violation("method " + call.method + " on " + call.path);
      return elastic_error(405, "method_not_allowed", "Incorrect HTTP method");
    }
    return bulk(call, index);
  }

  Answer failure(int status) override {
    switch (status) {
      case 401:
        return elastic_error(401, "security_exception", "unable to authenticate with provided credentials");
      case 403:
        return elastic_error(403, "security_exception", "action [indices:data/write/bulk] is unauthorized");
      case 404:
        return elastic_error(404, "resource_not_found_exception", "not found");
      case 413:
        return {413, "", "text/plain", {}};
      case 429:
        return elastic_error(429, "es_rejected_execution_exception",
                             "rejected execution of coordinating operation [coordinating_and_primary_bytes=0, "
                             "replica_bytes=0, all_bytes=0, coordinating_operation_bytes=1000, "
                             "max_coordinating_and_primary_bytes=53687091]");
      case 503:
        return elastic_error(503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/no master];");
      default:
        return {status, "<html><body>proxy error</body></html>", "text/html", {}};
    }
  }

 private:
  Answer root() const {
    if (flavor_ == ElasticFlavor::opensearch)
      return {
          200,
          R"({"name":"mock","version":{"distribution":"opensearch","number":"2.19.0"},"tagline":"The OpenSearch Project: https://opensearch.org/"})",
          "application/json",
          {}};
    const json::object version{{"number", "8.17.0"},
                               {"build_flavor", flavor_ == ElasticFlavor::serverless ? "serverless" : "default"}};
    return {200,
            json::serialize(json::object{{"name", "mock"}, {"version", version}, {"tagline", "You Know, for Search"}}),
            "application/json",
            {{"X-Elastic-Product", "Elasticsearch"}}};
  }

  std::optional<Answer> authorise(const Call& call) {
    const auto header = call.header("authorization");
    bool good = true;
    if (!options_.token.empty()) good = header == "ApiKey " + options_.token || header == "Bearer " + options_.token;
    if (!options_.user.empty()) good = header == "Basic " + base64(options_.user + ":" + options_.password);
    if (good) return std::nullopt;
    return header.empty() ? elastic_error(401, "security_exception",
                                          "missing authentication credentials for REST request [" + call.path + "]")
                          : failure(401);
  }

  bool exists(const std::string& pipeline) const {
    return pipeline == "_none" || objects_.has_pipeline(pipeline) ||
           std::find(options_.pipelines.begin(), options_.pipelines.end(), pipeline) != options_.pipelines.end();
  }

  Answer bulk(const Call& call, const std::string& path_index) {
    auto type = call.header("content-type");
    type = type.substr(0, type.find(';'));
    if (type != "application/x-ndjson" && type != "application/json" &&
        (type != "application/vnd.elasticsearch+x-ndjson" || flavor_ == ElasticFlavor::opensearch)) {
      recorder_.violation("content type " + std::string(type));
      return {406,
              json::serialize(json::object{
                  {"error", "Content-Type header [" + std::string(type) + "] is not supported"}, {"status", 406}}),
              "application/json",
              {}};
    }
    if (call.bad_encoding) return elastic_error(400, "illegal_argument_exception", "unknown content encoding");
    if (options_.require_gzip && call.header("content-encoding") != "gzip") recorder_.violation("body is not gzip");
    if (const auto named = call.query.find("pipeline"); named != call.query.end() && !exists(named->second))
      return elastic_error(400, "illegal_argument_exception",
                           "pipeline with id [" + named->second + "] does not exist");
    if (call.body.empty() || call.body.back() != '\n') {
      recorder_.violation("body does not end with a line feed");
      return elastic_error(400, "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]");
    }
    std::vector<Action> actions;
    if (auto bad = read_actions(call.body, path_index, actions)) return *bad;
    return apply(call, actions);
  }

  struct Action {
    std::string verb, index, id;
    std::string_view document;
  };

  // Grammar errors refuse the request as a whole.
  std::optional<Answer> read_actions(std::string_view body, const std::string& path_index,
                                     std::vector<Action>& actions) {
    std::size_t line = 0;
    while (!body.empty()) {
      ++line;
      const std::size_t feed = body.find('\n');
      const auto action_value = parse_one(body.substr(0, feed));
      body.remove_prefix(feed + 1);
      const auto* outer = action_value ? action_value->if_object() : nullptr;
      if (outer == nullptr || outer->size() != 1 || !outer->begin()->value().is_object())
        return malformed("Malformed action/metadata line [" + std::to_string(line) + "], expected START_OBJECT");
      Action action;
      action.verb = std::string(outer->begin()->key());
      action.index = path_index;
      if (action.verb != "create" && action.verb != "index")
        return malformed("Malformed action/metadata line [" + std::to_string(line) +
                         "], expected field [create], [delete], [index] or [update] but found [" + action.verb + "]");
      for (const auto& member : outer->begin()->value().get_object()) {
        const std::string key(member.key());
        const auto* text = member.value().if_string();
        if (key == "_index" && text != nullptr) {
          action.index = std::string(*text);
        } else if (key == "_id" && text != nullptr) {
          action.id = std::string(*text);
        } else {
          return malformed("Action/metadata line [" + std::to_string(line) + "] contains an unknown parameter [" + key +
                           "]");
        }
      }
      ++line;
      const std::size_t end = body.find('\n');
      if (end == std::string_view::npos) return malformed("an action has no document");
      action.document = body.substr(0, end);
      body.remove_prefix(end + 1);
      actions.push_back(std::move(action));
    }
    if (actions.empty()) return malformed("no requests added;");
    return std::nullopt;
  }

  Answer malformed(const std::string& reason) {
    recorder_.violation(reason);
    return elastic_error(400, "illegal_argument_exception", reason);
  }

  Answer apply(const Call& call, const std::vector<Action>& actions) {
    json::array items;
    bool errors = false;
    for (const auto& action : actions) {
      const auto [status, type, reason] = put(call.number, action);
      json::object item{{"_index", action.index}, {"_id", action.id}, {"status", status}};
      if (!type.empty()) {
        item["error"] = json::object{{"type", type}, {"reason", reason}};
        errors = true;
      }
      items.push_back(json::object{{action.verb, std::move(item)}});
    }
    json::object answer{{"errors", errors}, {"took", 1}, {"items", std::move(items)}};
    if (const auto filter = call.query.find("filter_path"); filter != call.query.end()) {
      if (filter->second.find("items.*.status") == std::string::npos)
        recorder_.violation("filter_path drops items.*.status: positions would shift");
      keep_filtered(answer);
    }
    return {200, json::serialize(answer), "application/json", {{"X-Elastic-Product", "Elasticsearch"}}};
  }

  static void keep_filtered(json::object& answer) {
    answer.erase("took");
    for (auto& item : answer["items"].as_array())
      for (auto& result : item.as_object()) {
        result.value().as_object().erase("_index");
        result.value().as_object().erase("_id");
      }
  }

  struct Outcome {
    int status;
    std::string type, reason;
  };

  Outcome put(uint64_t request, const Action& action) {
    if (action.index.empty()) return broken(400, "action_request_validation_exception", "index is missing");
    if (action.index.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ\\/*?\"<>| ,#:") != std::string::npos)
      return broken(400, "invalid_index_name_exception", "Invalid index name [" + action.index + "]");
    const bool stream = action.index.rfind("logs-", 0) == 0;
    if (stream && action.verb != "create")
      return broken(400, "illegal_argument_exception",
                    "only write ops with an op_type of create are allowed in data streams");
    if (action.id.size() > 512) return broken(400, "illegal_argument_exception", "id is too long");
    if (!options_.indexes.empty() &&
        std::find(options_.indexes.begin(), options_.indexes.end(), action.index) == options_.indexes.end())
      return {404, "index_not_found_exception", "no such index [" + action.index + "]"};
    if (options_.require_template && !objects_.covers(action.index))
      return broken(404, "index_not_found_exception", "no template for [" + action.index + "]");
    if (const std::string missing = objects_.missing_pipeline(action.index); !missing.empty())
      return broken(400, "illegal_argument_exception", "pipeline with id [" + missing + "] does not exist");
    const auto document = parse_one(action.document);
    if (!document || !document->is_object())
      return broken(400, "document_parsing_exception", "[1:1] failed to parse: not a JSON object");
    if (stream && !looks_like_time(text_at(*document, "@timestamp")))
      return broken(400, "document_parsing_exception",
                    "data stream timestamp field [@timestamp] is missing or malformed");
    const bool second_form = action.document.find("\"mapping_error\"") != std::string_view::npos;
    if (const int injected = second_form ? 0 : faults_.strike_item(request); injected != 0)
      return refuse(action, injected);
    const bool known = !action.id.empty() && !ids_.insert(action.index + "\n" + action.id).second;
    if (known && action.verb == "create") {
      recorder_.event(action.id, action.index, action.document, true);
      return {409, "version_conflict_engine_exception",
              "[" + action.id + "]: version conflict, document already exists (current version [1])"};
    }
    recorder_.event(action.id.empty() ? event_id_of(action.document) : action.id, action.index, action.document, false);
    return {201, {}, {}};
  }

  Outcome broken(int status, std::string type, std::string reason) {
    recorder_.violation(type + ": " + reason);
    return {status, std::move(type), std::move(reason)};
  }

  Outcome refuse(const Action& action, int status) {
    if (status == 429) return {429, "es_rejected_execution_exception", "rejected execution of primary operation"};
    if (status >= 500) return {status, "unavailable_shards_exception", "primary shard is not active"};
    recorder_.refused(action.id, status);
    return {status, status == 403 ? "security_exception" : "document_parsing_exception", "refused on request"};
  }

  PlatformOptions options_;
  Recorder& recorder_;
  FaultPlan& faults_;
  const ElasticFlavor flavor_;
  ElasticObjects objects_;
  std::set<std::string> ids_;
};

}  // namespace

std::unique_ptr<Platform> make_elastic(PlatformOptions options, Recorder& recorder, FaultPlan& faults) {
  return std::make_unique<Elastic>(std::move(options), recorder, faults);
}

}  // namespace csiem::doubles
