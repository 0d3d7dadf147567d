// The admin interface without its transport: a request in, an answer out.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "admin/access.hpp"
#include "admin/metrics.hpp"
#include "admin/rates.hpp"
#include "admin/request_parameters.hpp"
#include "admin/snapshot.hpp"
#include "base/result.hpp"

namespace csiem::admin {

enum class Action { pause, resume, flush };
std::string_view action_word(Action action);

// What can be asked about the store and its dead letters, and what can be done with them.
enum class StoreRequest { letters, letter, purge, replay, queues, jobs, job, cancel_job, trace };

// What the daemon gives to the admin interface. Called on the control thread; must not block.
struct Backend {
  std::function<Snapshot()> snapshot;
  // Asks for it; it takes effect a moment later. The exporter is one of the snapshot's. Fails when its plugin is stuck.
  std::function<Result<void>(Action, const std::string& exporter)> act;
  // The answer's JSON. `parameters` are the query's or the body's members, and `id` of the path; the function says what
  // is wrong with them (Code::invalid), that there is no such thing (not_found), or that it cannot be done now
  // (denied).
  std::function<Result<std::string>(StoreRequest, const Parameters& parameters)> store = {};
  // The same for those that look through the store (letters, purge, trace), which may take seconds: returns at once,
  // and calls `done` later on the control thread. Empty: store() is asked.
  std::function<void(StoreRequest, Parameters parameters, std::function<void(Result<std::string>)> done)> search = {};
  // Sends one test event through an exporter of the snapshot's. Returns at once, and calls `done` later on the control
  // thread with the answer's JSON. Without it there are no tests.
  std::function<void(const std::string& exporter, const Parameters& parameters,
                     std::function<void(Result<std::string>)> done)>
      send_test = {};
  // The health of StoreView without the rest, at once even when the disk hangs. May be empty: all is well.
  std::function<std::string()> store_health = {};
  // Asks the exporter's destination how it is; calls `done` later on the control thread, when the snapshot shows the
  // outcome. Fails when its plugin is stuck. May be empty: 404.
  std::function<void(const std::string& exporter, std::function<void(Result<void>)> done)> check_health = {};
};

struct Request {
  std::string_view method, target;  // as on the request line
  Role role = Role::none;
  std::string_view by;  // who asks, for the log: "uid 1000, pid 4711"
  std::string_view body = {};
};
struct Answer {
  unsigned status = 200;
  std::string type, body;
};

// Paths, methods and roles as in ux.md 8. Nothing is waited for. Control thread.
class Api {
 public:
  explicit Api(Backend backend) : backend_(std::move(backend)) {}

  // Calls `done` with the answer, at once unless the store has to be searched or a platform asked. `done` keeps the
  // Api alive.
  void handle(const Request& request, std::function<void(Answer)> done);
  Answer handle(const Request& request);
  // Counts an answer that was given without asking handle().
  void count(const std::string& path, unsigned status) { ++requests_[{path, status}]; }
  // For the rates: every Rates::kSampleSeconds.
  void sample() { rates_.sample(backend_.snapshot()); }

 private:
  struct Route;
  // The route of the path, if any with that method.
  static const Route* find(std::string_view method, std::string_view path, std::string* parameter);

  Answer health(const Request& request, const std::string& parameter);
  Answer readiness(const Request& request, const std::string& parameter);
  Answer metrics(const Request& request, const std::string& parameter);
  Answer version(const Request& request, const std::string& parameter);
  Answer status(const Request& request, const std::string& parameter);
  Answer exporters(const Request& request, const std::string& parameter);
  Answer exporter(const Request& request, const std::string& parameter);
  Answer health_check(const Request& request, const std::string& parameter);
  void check_health(std::string path, const std::string& id, std::string by, std::function<void(Answer)> done);
  bool known(const std::string& exporter) const;
  Answer pause(const Request& request, const std::string& parameter);
  Answer resume(const Request& request, const std::string& parameter);
  Answer flush(const Request& request, const std::string& parameter);
  Answer letters(const Request& request, const std::string& parameter);
  Answer letter(const Request& request, const std::string& parameter);
  Answer purge(const Request& request, const std::string& parameter);
  Answer replay(const Request& request, const std::string& parameter);
  Answer queues(const Request& request, const std::string& parameter);
  Answer jobs(const Request& request, const std::string& parameter);
  Answer job(const Request& request, const std::string& parameter);
  Answer cancel_job(const Request& request, const std::string& parameter);
  Answer trace(const Request& request, const std::string& parameter);
  Answer send_test(const Request& request, const std::string& parameter);
  void send_test(const Request& request, const std::string& exporter, std::function<void(Answer)> done);
  Answer act(Action action, const Request& request, const std::string& exporter);
  Answer ask_store(StoreRequest what, const Request& request, const std::string& id, unsigned status = 200);
  // Of a request whose parameters are these. `change` is its line for the log; empty: it changes nothing.
  static Answer store_answer(const Result<std::string>& document, unsigned status, const std::string& change,
                             const Parameters& parameters, const std::string& by);

  Backend backend_;
  Rates rates_;
  RequestCounts requests_;
};

// An error as ux.md 8 shapes it.
Answer error_answer(unsigned status, int code, std::string_view message);

}  // namespace csiem::admin
