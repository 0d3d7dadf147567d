// A vendor's rules: one request in, one answer out.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "faults.hpp"
#include "recorder.hpp"

namespace csiem::doubles {

struct Call {
  uint64_t number = 0;  // 1-based
  std::string method, path;
  std::map<std::string, std::string> query;    // percent-decoded
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // content encoding undone
  bool bad_encoding = false;                   // the content encoding is unknown or the bytes do not obey it
  std::size_t wire_bytes = 0;

  std::string_view header(const std::string& name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? std::string_view() : std::string_view(it->second);
  }
};

struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

struct PlatformOptions {
  std::string token;                 // splunk token, elastic api key (encoded), webhook bearer token, datadog api key,
                                     // code at the end of a sumo_logic URL; empty: any
  std::string poison;                // datadog, sumo_logic, webhook: a request with this text in an event is refused
  std::vector<std::string> indexes;  // allowed; empty: all
  bool ack = false;                  // splunk: the token uses indexer acknowledgement
  int ack_after_polls = 1;
  int64_t ack_after_ms = 0;          // splunk: and not before so long after the event came
  uint64_t indexers = 1;             // splunk: behind one address; a cookie keeps a client with one of them
  std::vector<uint64_t> restart_at;  // splunk: requests that carry events, from 1
  bool cloud = false;                // splunk: the size limit and its answer of Splunk Cloud
  bool require_gzip = false;
  std::vector<std::pair<std::string, std::string>> require_headers;  // webhook
  std::string method;                                                // webhook: the only method that is allowed
  std::string flavor;                                                // elastic: "", serverless, opensearch
  bool require_template = false;       // elastic: a data stream needs an index template that was put here
  bool refuse_objects = false;         // elastic: the key may not install anything
  std::vector<std::string> pipelines;  // elastic: ingest pipelines that exist
  std::string user, password;          // basic authentication: elastic, webhook
  std::string sign_scheme = "standard-webhooks", sign_secret;  // webhook; no secret: signatures are not looked at
  std::string oauth_client;                                    // webhook: "ID:SECRET" of the token server at /token
  int64_t oauth_lifetime_s = 3600;
  bool text = false;  // webhook: plain text is taken
};

class Platform {
 public:
  virtual ~Platform() = default;
  virtual Answer handle(const Call& call) = 0;
  // How the vendor words a failure that a fault asks for.
  virtual Answer failure(int status) = 0;
};

std::unique_ptr<Platform> make_splunk(PlatformOptions options, Recorder& recorder, FaultPlan& faults);
std::unique_ptr<Platform> make_elastic(PlatformOptions options, Recorder& recorder, FaultPlan& faults);
std::unique_ptr<Platform> make_datadog(PlatformOptions options, Recorder& recorder, FaultPlan& faults);
std::unique_ptr<Platform> make_sumo_logic(PlatformOptions options, Recorder& recorder, FaultPlan& faults);
std::unique_ptr<Platform> make_webhook(PlatformOptions options, Recorder& recorder, FaultPlan& faults);

// Where our formats keep the event's id: event_id, event.id, data.event_id. Empty when there is none.
std::string event_id_of(std::string_view json_object);

}  // namespace csiem::doubles
