#include "cli/store_documents.hpp"

#include <boost/json.hpp>

#include "base/rfc3339.hpp"

namespace csiem::cli {

namespace {

namespace json = boost::json;

json::object document_of(const char* name) {
  json::object document;
  document["schema"] = "clawdstrike-siem/" + std::string(name) + "/v1";
  return document;
}

std::string text_of(const json::object& document) { return json::serialize(document) + "\n"; }

json::object job_object(const pipeline::ReplayView& job, json::object object) {
  object["id"] = job.id;
  object["kind"] = "dlq-replay";
  object["state"] = pipeline::replay_state_word(job.state);
  object["selected"] = job.selected;
  object["delivered"] = job.delivered;
  object["filtered"] = job.filtered;
  object["failed"] = job.failed;
  object["kept"] = job.kept;
  object["in_flight"] = job.in_flight;
  object["rate"] = job.request.per_second;
  object["to"] = job.request.to;
  object["problem"] = job.problem;
  object["started"] = format_rfc3339(job.started_unix_ns);
  if (job.ended_unix_ns != 0) object["ended"] = format_rfc3339(job.ended_unix_ns);
  return object;
}

}  // namespace

std::string queues_document(const std::vector<store::CursorView>& cursors, const std::set<std::string>& configured) {
  json::array queues;
  for (const auto& cursor : cursors) {
    const auto& ledger = cursor.ledger;
    json::object queue;
    queue["id"] = cursor.exporter;
    queue["orphan"] = !configured.contains(cursor.exporter);
    queue["queued"] = ledger.queued();
    queue["bytes"] = cursor.lag_bytes;
    queue["limit_bytes"] = cursor.limits.max_bytes;
    queue["accepted"] = ledger.accepted;
    queue["delivered"] = ledger.delivered;
    queue["filtered"] = ledger.filtered;
    queue["dead_lettered"] = ledger.dead_lettered;
    queue["dropped"] = ledger.dropped();
    queue["lost"] = ledger.lost;
    queue["dead_letters"] = cursor.letters.count;
    queue["dead_letter_bytes"] = cursor.letters.bytes;
    if (cursor.oldest_unix_ns != 0) queue["oldest"] = format_rfc3339(cursor.oldest_unix_ns);
    queues.push_back(std::move(queue));
  }
  json::object document = document_of("queue-list");
  document["exporters"] = std::move(queues);
  return text_of(document);
}

std::string letters_document(const std::vector<store::KeptLetter>& letters, bool more) {
  json::array all;
  for (const auto& letter : letters) {
    json::object one;
    one["id"] = letter.exporter + "/" + std::to_string(letter.sequence);
    one["exporter"] = letter.exporter;
    one["class"] = letter.error_class;
    one["last_attempt"] = format_rfc3339(letter.last_attempt_unix_ns);
    one["reason"] = letter.reason;
    all.push_back(std::move(one));
  }
  json::object document = document_of("dlq");
  document["letters"] = std::move(all);
  if (more)
    document["next"] = letters.back().exporter + "/" + std::to_string(letters.back().sequence);
  else
    document["next"] = nullptr;
  return text_of(document);
}

std::string job_document(const pipeline::ReplayView& job) { return text_of(job_object(job, document_of("job"))); }

std::string jobs_document(const std::vector<pipeline::ReplayView>& jobs) {
  json::array all;
  for (const auto& job : jobs) all.push_back(job_object(job, {}));
  json::object document = document_of("jobs");
  document["jobs"] = std::move(all);
  return text_of(document);
}

std::string purge_document(uint64_t purged) {
  json::object document = document_of("dlq-purge");
  document["purged"] = purged;
  return text_of(document);
}

}  // namespace csiem::cli
