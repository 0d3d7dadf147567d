#include "cli/letter_selection.hpp"

#include <cstdio>
#include <utility>

#include "base/clock.hpp"
#include "base/rfc3339.hpp"
#include "config/config.hpp"
#include "pipeline/replay.hpp"
#include "pipeline/revive.hpp"

namespace csiem::cli {

namespace {

std::string optional_text(const admin::Parameters& parameters, std::string_view key) {
  const auto at = parameters.find(key);
  return at == parameters.end() ? std::string() : at->second;
}

}  // namespace

Result<LetterSelection> LetterSelection::make(store::LetterFilter filter, const std::string& since, std::string where) {
  LetterSelection out;
  out.filter_ = std::move(filter);
  if (!since.empty()) {
    if (const auto time = parse_rfc3339(since)) {
      out.filter_.since_unix_ns = time->unix_ns;
    } else if (const auto ms = config::parse_duration_ms(since)) {
      out.filter_.since_unix_ns = system_clock().unix_ns() - *ms * kNsPerMs;
    } else {
      return Error{Code::invalid, "since: a time or a duration such as 2h, not '" + since + "'"};
    }
  }
  if (where.empty()) return out;
  CS_TRY(expression, pipeline::compile_where(where));
  out.where_ = std::move(where);
  out.expression_ = std::make_shared<const process::Expression>(std::move(expression));
  out.revive_ = pipeline::make_reviver();
  out.builder_ = std::make_shared<event::BatchBuilder>(event::BatchPool::create(1));
  return out;
}

Result<LetterSelection> LetterSelection::of(const DlqArguments& dlq) {
  store::LetterFilter filter;
  filter.exporter = dlq.exporter;
  filter.error_class = dlq.error_class;
  filter.event_id = dlq.event_id;
  return make(std::move(filter), dlq.since, dlq.where);
}

Result<LetterSelection> LetterSelection::of(const admin::Parameters& parameters) {
  store::LetterFilter filter;
  filter.exporter = optional_text(parameters, "exporter");
  filter.error_class = optional_text(parameters, "class");
  filter.event_id = optional_text(parameters, "event_id");
  return make(std::move(filter), optional_text(parameters, "since"), optional_text(parameters, "where"));
}

bool LetterSelection::matches(const store::StoredLetter& letter) { return matches(letter.json); }

bool LetterSelection::matches(std::string_view envelope) {
  if (!expression_) return true;
  bool found = false;
  if (revive_(pipeline::event_of_letter(envelope), *builder_) && builder_->size() == 1)
    found = expression_->matches(builder_->events()[0], system_clock().unix_ns());
  while (builder_->size() > 0) builder_->drop_last();
  static_cast<void>(builder_->seal(0));  // gives the arena back
  return found;
}

admin::Parameters LetterSelection::parameters() const {
  admin::Parameters out;
  const auto add = [&](const char* key, const std::string& text) {
    if (!text.empty()) out[key] = text;
  };
  add("exporter", filter_.exporter);
  add("class", filter_.error_class);
  add("event_id", filter_.event_id);
  if (filter_.since_unix_ns != 0) out["since"] = format_rfc3339(filter_.since_unix_ns);
  add("where", where_);
  return out;
}

int usage_failure(const Error& error) {
  std::fprintf(stderr, "clawdstrike-siem: --%s\n", error.what().c_str());
  return kUsage;
}

}  // namespace csiem::cli
