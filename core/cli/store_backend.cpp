#include "cli/store_backend.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "cli/letter_selection.hpp"
#include "cli/store_documents.hpp"

namespace csiem::cli {
namespace {

using admin::StoreRequest;

// A page of letters, and what one call of the store reads.
constexpr uint64_t kMostLetters = 1'000;

std::string text_of(const admin::Parameters& parameters, const char* key) {
  const auto at = parameters.find(key);
  return at == parameters.end() ? std::string() : at->second;
}

// Nothing when the member is missing.
Result<std::optional<double>> number_of(const admin::Parameters& parameters, const char* key) {
  std::optional<double> number;
  const std::string text = text_of(parameters, key);
  if (text.empty()) return number;
  double parsed = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (failed != std::errc() || end != text.data() + text.size())
    return Error{Code::invalid, std::string(key) + ": a number, not '" + text + "'"};
  number = parsed;
  return number;
}

Result<std::string> letters(const store::Store& store, const admin::Parameters& parameters) {
  CS_TRY(selection, LetterSelection::of(parameters));
  CS_TRY(limit, number_of(parameters, "limit"));
  const auto most = static_cast<std::size_t>(std::clamp(limit.value_or(100), 1.0, static_cast<double>(kMostLetters)));
  LetterName after = letter_name(text_of(parameters, "after"));
  std::vector<store::KeptLetter> chosen;
  // What a page of the store has too much is found again by the next one.
  for (bool more = true; more;) {
    CS_TRY(page, store.letters(selection.filter(), after.exporter, after.sequence, kMostLetters));
    more = page.size() == kMostLetters;
    for (store::KeptLetter& letter : page) {
      after = {letter.exporter, letter.sequence};
      if (!selection.matches(letter.json)) continue;
      if (chosen.size() == most) return letters_document(chosen, true);
      chosen.push_back(std::move(letter));
    }
  }
  return letters_document(chosen, false);
}

Result<std::string> letter(const store::Store& store, const admin::Parameters& parameters) {
  const std::string id = text_of(parameters, "id");
  const LetterName name = letter_name(id);
  if (name.sequence != 0) {
    store::LetterFilter filter;
    filter.exporter = name.exporter;
    CS_TRY(found, store.letters(filter, name.exporter, name.sequence - 1, 1));
    if (!found.empty() && found.front().sequence == name.sequence) return found.front().json + "\n";
  }
  return Error{Code::not_found, "there is no dead letter '" + id + "'"};
}

Result<std::string> purge(store::Store& store, const admin::Parameters& parameters) {
  CS_TRY(selection, LetterSelection::of(parameters));
  uint64_t purged = 0;
  LetterName after;
  for (bool more = true; more;) {
    CS_TRY(page, store.letters(selection.filter(), after.exporter, after.sequence, kMostLetters));
    more = page.size() == kMostLetters;
    for (const store::KeptLetter& one : page) {
      after = {one.exporter, one.sequence};
      if (!selection.matches(one.json)) continue;
      store.erase_letter(one.exporter, one.sequence);
      ++purged;
    }
  }
  return purge_document(purged);
}

Result<std::string> find_job(pipeline::Replays& replays, const std::string& id) {
  for (const auto& job : replays.jobs())
    if (job.id == id) return job_document(job);
  return Error{Code::not_found, "no job '" + id + "'", 8010};
}

Result<std::string> replay(pipeline::Replays& replays, const admin::Parameters& parameters) {
  CS_TRY(selection, LetterSelection::of(parameters));
  CS_TRY(rate, number_of(parameters, "rate"));
  pipeline::ReplayRequest request;
  request.filter = selection.filter();
  request.where = selection.where();
  request.to = text_of(parameters, "to");
  if (rate) request.per_second = *rate;
  if (const std::string id = text_of(parameters, "letter"); !id.empty()) {
    const LetterName name = letter_name(id);
    if (name.sequence == 0) return Error{Code::invalid, "letter: EXPORTER/SEQUENCE, not '" + id + "'"};
    request.filter.exporter = name.exporter;
    request.sequence = name.sequence;
  }
  CS_TRY(id, replays.start(std::move(request)));
  return find_job(replays, id);
}

std::string queues(const std::vector<store::CursorView>& cursors, const config::Configuration& configuration) {
  std::set<std::string> configured;
  for (const auto& exporter : configuration.exporters)
    if (exporter.enabled) configured.insert(exporter.id);
  return queues_document(cursors, configured);
}

}  // namespace

LetterName letter_name(std::string_view id) {
  LetterName name;
  const auto slash = id.rfind('/');
  if (slash == std::string_view::npos) return name;
  name.exporter = id.substr(0, slash);
  const auto [end, failed] = std::from_chars(id.data() + slash + 1, id.data() + id.size(), name.sequence);
  if (failed != std::errc() || end != id.data() + id.size()) name.sequence = 0;
  return name;
}

Result<std::string> ask_store(pipeline::Pipeline& pipeline, const config::Configuration& configuration,
                              StoreRequest what, const admin::Parameters& parameters) {
  switch (what) {
    case StoreRequest::letters:
      return letters(pipeline.store(), parameters);
    case StoreRequest::letter:
      return letter(pipeline.store(), parameters);
    case StoreRequest::purge:
      return purge(pipeline.store(), parameters);
    case StoreRequest::replay:
      return replay(pipeline.replays(), parameters);
    case StoreRequest::queues: {
      CS_TRY(cursors, pipeline.store().cursors());
      return queues(cursors, configuration);
    }
    case StoreRequest::jobs:
      return jobs_document(pipeline.replays().jobs());
    case StoreRequest::job:
      return find_job(pipeline.replays(), text_of(parameters, "id"));
    case StoreRequest::cancel_job: {
      const std::string id = text_of(parameters, "id");
      CS_CHECK(find_job(pipeline.replays(), id));
      if (!pipeline.replays().cancel(id)) return Error{Code::denied, "job " + id + " has ended"};
      return find_job(pipeline.replays(), id);
    }
  }
  return Error{Code::internal, "unknown request"};
}

}  // namespace csiem::cli
