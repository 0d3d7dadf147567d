// Which dead letters a command or a request is about.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "admin/request_parameters.hpp"
#include "base/result.hpp"
#include "cli/arguments.hpp"
#include "event/batch.hpp"
#include "process/expression.hpp"
#include "store/dead_letters.hpp"

namespace csiem::cli {

// One thread.
class LetterSelection {
 public:
  // Fails with words for the user when the time or the expression is wrong.
  static Result<LetterSelection> of(const DlqArguments& dlq);
  // The members exporter, class, event_id, since (RFC 3339 or a duration) and where.
  static Result<LetterSelection> of(const admin::Parameters& parameters);

  const store::LetterFilter& filter() const noexcept { return filter_; }
  const std::string& where() const noexcept { return where_; }
  // What the filter cannot say.
  bool matches(const store::StoredLetter& letter);
  bool matches(std::string_view envelope);
  // For of().
  admin::Parameters parameters() const;

 private:
  LetterSelection() = default;
  static Result<LetterSelection> make(store::LetterFilter filter, const std::string& since, std::string where);

  store::LetterFilter filter_;
  std::string where_;
  std::shared_ptr<const process::Expression> expression_;  // null: every letter of the filter
  store::Revive revive_;
  std::shared_ptr<event::BatchBuilder> builder_;
};

// Prints it as a wrong invocation; returns kUsage.
int usage_failure(const Error& error);

}  // namespace csiem::cli
