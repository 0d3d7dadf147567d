#include "admin/api.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "admin/documents.hpp"
#include "admin/readiness.hpp"
#include "base/log.hpp"

namespace csiem::admin {
namespace {

constexpr const char* kJson = "application/json";

Answer json_answer(unsigned status, std::string document) { return {status, kJson, std::move(document)}; }

Answer no_exporter(const std::string& id) { return error_answer(404, 8005, "no exporter '" + id + "'"); }

}  // namespace

std::string_view action_word(Action action) {
  switch (action) {
    case Action::pause:
      return "pause";
    case Action::resume:
      return "resume";
    case Action::flush:
      return "flush";
  }
  return "";
}

Answer error_answer(unsigned status, int code, std::string_view message) {
  return json_answer(status, error_document(code, message));
}

struct Api::Route {
  std::string_view method, path;  // "{id}" stands for one segment
  Role role;
  Answer (Api::*handler)(const Request& request, const std::string& parameter);
  std::optional<StoreRequest> search = std::nullopt;  // it looks through the store
};

const Api::Route* Api::find(std::string_view method, std::string_view path, std::string* parameter) {
  static const Route kRoutes[] = {
      {"GET", "/healthz", Role::none, &Api::health},
      {"GET", "/readyz", Role::none, &Api::readiness},
      {"GET", "/metrics", Role::none, &Api::metrics},
      {"GET", "/api/v1/version", Role::viewer, &Api::version},
      {"GET", "/api/v1/status", Role::viewer, &Api::status},
      {"GET", "/api/v1/exporters", Role::viewer, &Api::exporters},
      {"GET", "/api/v1/exporters/{id}", Role::viewer, &Api::exporter},
      {"POST", "/api/v1/exporters/{id}/pause", Role::operate, &Api::pause},
      {"POST", "/api/v1/exporters/{id}/resume", Role::operate, &Api::resume},
      {"POST", "/api/v1/exporters/{id}/flush", Role::operate, &Api::flush},
      {"POST", "/api/v1/exporters/{id}/send-test", Role::operate, &Api::send_test},
      {"POST", "/api/v1/exporters/{id}/health-check", Role::operate, &Api::health_check},
      {"GET", "/api/v1/dlq", Role::viewer, &Api::letters, StoreRequest::letters},
      {"DELETE", "/api/v1/dlq", Role::admin, &Api::purge, StoreRequest::purge},
      {"POST", "/api/v1/dlq/replay", Role::operate, &Api::replay},
      {"GET", "/api/v1/dlq/{id}", Role::viewer, &Api::letter},
      {"GET", "/api/v1/queues", Role::viewer, &Api::queues},
      {"GET", "/api/v1/events/{id}/trace", Role::viewer, &Api::trace, StoreRequest::trace},
      {"GET", "/api/v1/jobs", Role::viewer, &Api::jobs},
      {"GET", "/api/v1/jobs/{id}", Role::viewer, &Api::job},
      {"DELETE", "/api/v1/jobs/{id}", Role::operate, &Api::cancel_job},
  };
  constexpr std::string_view kId = "{id}";
  const Route* other_method = nullptr;
  for (const Route& route : kRoutes) {
    const std::size_t at = route.path.find(kId);
    std::string_view id;
    if (at == std::string_view::npos) {
      if (route.path != path) continue;
    } else {
      const std::string_view before = route.path.substr(0, at), after = route.path.substr(at + kId.size());
      if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after)) continue;
      id = path.substr(before.size(), path.size() - before.size() - after.size());
      // A dead letter's name has two segments.
      if (id.find('/') != std::string_view::npos && route.handler != &Api::letter) continue;
    }
    if (route.method == method) {
      *parameter = id;
      return &route;
    }
    if (other_method == nullptr) other_method = &route;
  }
  return other_method;
}

void Api::handle(const Request& request, std::function<void(Answer)> done) {
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  std::string id;
  const Route* const route = find(request.method, path, &id);
  const bool may = route != nullptr && request.role >= route->role && request.method == route->method;
  constexpr Answer (Api::*kSendTest)(const Request&, const std::string&) = &Api::send_test;
  if (may && route->handler == kSendTest && backend_.send_test) return send_test(request, id, std::move(done));
  if (may && route->handler == &Api::health_check && backend_.check_health && known(id))
    return check_health(std::string(route->path), id, std::string(request.by), std::move(done));
  const bool searches = may && route->search && backend_.search;
  auto parameters = searches ? request_parameters(request.target, request.body) : Result<Parameters>(Parameters());
  if (!searches || !parameters) return done(handle(request));
  if (!id.empty()) (*parameters)["id"] = id;
  const std::string change = request.method == "GET" ? "" : std::string(request.method) + " " + std::string(path);
  auto answer = [this, route, change, parameters = *parameters, by = std::string(request.by),
                 done = std::move(done)](const Result<std::string>& document) {
    Answer given = store_answer(document, 200, change, parameters, by);
    count(std::string(route->path), given.status);
    done(std::move(given));
  };
  backend_.search(*route->search, *std::move(parameters), std::move(answer));
}

Answer Api::handle(const Request& request) {
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  std::string parameter;
  const Route* const route = find(request.method, path, &parameter);
  Answer answer;
  if (route == nullptr) {
    answer = error_answer(404, 8006, "no such path");
  } else if (request.role < route->role) {
    answer = error_answer(403, 8003,
                          "this needs the role " + std::string(role_word(route->role)) + ", the caller (" +
                              std::string(request.by) + ") has " + std::string(role_word(request.role)));
  } else if (request.method != route->method) {
    answer = error_answer(405, 8006, "this path takes " + std::string(route->method));
  } else {
    answer = (this->*route->handler)(request, parameter);
  }
  // The template, never the path: what a stranger asks for makes no new series.
  count(route == nullptr ? "other" : std::string(route->path), answer.status);
  return answer;
}

// The loop that answers is the loop whose turning is asked about.
// A full store is no reason to kill the daemon: it goes on delivering, and makes room by that. A failed one is.
Answer Api::health(const Request&, const std::string&) {
  const std::string store = backend_.store_health ? backend_.store_health() : "ok";
  if (store == "store_failed") return {503, "text/plain", store + "\n"};
  return {200, "text/plain", store == "ok" ? "ok\n" : "ok, " + store + "\n"};
}

Answer Api::readiness(const Request& request, const std::string&) {
  const std::size_t mark = request.target.find('?');
  const bool verbose = mark != std::string_view::npos && request.target.substr(mark + 1).starts_with("verbose");
  const auto checks = admin::readiness(backend_.snapshot());
  return json_answer(ready(checks) ? 200 : 503, health_document(checks, verbose));
}

Answer Api::metrics(const Request&, const std::string&) {
  return {200, std::string(kMetricsType), metrics_text(backend_.snapshot(), process_figures(), requests_)};
}

Answer Api::version(const Request&, const std::string&) {
  return json_answer(200, version_document(backend_.snapshot()));
}

Answer Api::status(const Request&, const std::string&) {
  return json_answer(200, status_document(backend_.snapshot(), rates_, process_figures()));
}

Answer Api::exporters(const Request&, const std::string&) {
  return json_answer(200, exporters_document(backend_.snapshot(), rates_));
}

Answer Api::exporter(const Request&, const std::string& id) {
  const Snapshot snapshot = backend_.snapshot();
  for (const ExporterView& exporter : snapshot.exporters)
    if (exporter.id == id) return json_answer(200, exporter_document(snapshot, exporter, rates_));
  return no_exporter(id);
}

Answer Api::pause(const Request& request, const std::string& id) { return act(Action::pause, request, id); }
Answer Api::resume(const Request& request, const std::string& id) { return act(Action::resume, request, id); }
Answer Api::flush(const Request& request, const std::string& id) { return act(Action::flush, request, id); }

// Who cannot wait for the platform's answer gets none.
Answer Api::send_test(const Request&, const std::string&) { return error_answer(404, 8006, "no tests here"); }

void Api::send_test(const Request& request, const std::string& exporter, std::function<void(Answer)> done) {
  const auto parameters = request_parameters(request.target, request.body);
  auto answer = [this, exporter, given = parameters ? *parameters : Parameters(), by = std::string(request.by),
                 done = std::move(done)](const Result<std::string>& document) {
    Parameters with = given;
    with["exporter"] = exporter;
    Answer told = store_answer(document, 200, "send-test", with, by);
    count("/api/v1/exporters/{id}/send-test", told.status);
    done(std::move(told));
  };
  if (!parameters) return answer(Error{Code::invalid, parameters.error().what()});
  backend_.send_test(exporter, *parameters, std::move(answer));
}

Answer Api::letters(const Request& request, const std::string&) {
  return ask_store(StoreRequest::letters, request, {});
}
Answer Api::letter(const Request& request, const std::string& id) {
  return ask_store(StoreRequest::letter, request, id);
}
Answer Api::purge(const Request& request, const std::string&) { return ask_store(StoreRequest::purge, request, {}); }
Answer Api::replay(const Request& request, const std::string&) {
  return ask_store(StoreRequest::replay, request, {}, 202);
}
Answer Api::trace(const Request& request, const std::string& id) { return ask_store(StoreRequest::trace, request, id); }
Answer Api::queues(const Request& request, const std::string&) { return ask_store(StoreRequest::queues, request, {}); }
Answer Api::jobs(const Request& request, const std::string&) { return ask_store(StoreRequest::jobs, request, {}); }
Answer Api::job(const Request& request, const std::string& id) { return ask_store(StoreRequest::job, request, id); }
Answer Api::cancel_job(const Request& request, const std::string& id) {
  return ask_store(StoreRequest::cancel_job, request, id, 202);
}

Answer Api::ask_store(StoreRequest what, const Request& request, const std::string& id, unsigned status) {
  auto parameters = request_parameters(request.target, request.body);
  if (!parameters) return error_answer(400, 8006, parameters.error().what());
  if (!id.empty()) (*parameters)["id"] = id;
  const std::string path(request.target.substr(0, request.target.find('?')));
  const std::string change = request.method == "GET" ? "" : std::string(request.method) + " " + path;
  return store_answer(backend_.store(what, *parameters), status, change, *parameters, std::string(request.by));
}

Answer Api::store_answer(const Result<std::string>& document, unsigned status, const std::string& change,
                         const Parameters& parameters, const std::string& by) {
  if (!change.empty())
    log::info(change + (document ? " by an operator" : " by an operator, refused"),
              {{"with", parameters_json(parameters)}, {"by", by}});
  if (document) return json_answer(status, *document);
  const Error& error = document.error();
  const unsigned refused = error.code() == Code::not_found ? 404
                           : error.code() == Code::invalid ? 400
                           : error.code() == Code::denied  ? 409
                                                           : 500;
  return error_answer(refused, error.message_code() != 0 ? error.message_code() : 8006, error.what());
}

bool Api::known(const std::string& exporter) const {
  const Snapshot snapshot = backend_.snapshot();
  return std::any_of(snapshot.exporters.begin(), snapshot.exporters.end(),
                     [&](const ExporterView& one) { return one.id == exporter; });
}

// Only when there is nobody to ask.
Answer Api::health_check(const Request&, const std::string& exporter) { return no_exporter(exporter); }

void Api::check_health(std::string path, const std::string& id, std::string by, std::function<void(Answer)> done) {
  auto answer = [this, path = std::move(path), id, by = std::move(by), done = std::move(done)](Result<void> asked) {
    log::info(std::string("health-check by an operator") + (asked ? "" : ", refused"), {{"exporter", id}, {"by", by}});
    Answer given = asked ? exporter({}, id) : error_answer(409, asked.error().message_code(), asked.error().what());
    count(path, given.status);
    done(std::move(given));
  };
  backend_.check_health(id, std::move(answer));
}

Answer Api::act(Action action, const Request& request, const std::string& exporter) {
  if (!known(exporter)) return no_exporter(exporter);
  const std::string_view word = action_word(action);
  const Result<void> done = backend_.act(action, exporter);
  // Without a code, because lines of one code collapse, and each of these is to be found.
  log::info(std::string(word) + (done ? " by an operator" : " by an operator, refused"),
            {{"exporter", exporter}, {"by", request.by}});
  if (!done) return error_answer(409, done.error().message_code(), done.error().what());
  return json_answer(202, action_document(word, exporter));
}

}  // namespace csiem::admin
