// From a parsed value to the events in it: detection, envelopes, arrays.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "ingest/ingest.hpp"
#include "ingest/record.hpp"
#include "ingest/shapes.hpp"
#include "ingest/tape.hpp"

namespace csiem::ingest {

// One per mapper, on its thread.
class Dispatcher {
 public:
  explicit Dispatcher(const Options& options);

  Context& context() noexcept { return context_; }
  // Parses every document of `text`, which must live as long as the views, and counts into `result`. When one of them
  // is no JSON, all events of the text are taken back.
  void map_text(std::string_view text, LineResult& result);
  void map_sse(std::string_view text, std::string_view event_name, LineResult& result);

 private:
  void map_document(const Tape& tape, LineResult& result);
  void map_value(const Token& value, LineResult& result);
  void map_elements(const Token& array, LineResult& result);
  void map_otlp(const Record& record, LineResult& result);
  void map_log_record(const Token& log_record, LineResult& result);
  void map_record(const Record& record, Shape shape, LineResult& result);
  std::optional<Shape> shape_of(const Record& record) const noexcept;
  void count(Verdict verdict, LineResult& result) noexcept;
  void refuse(Reject reason, std::string_view detail, LineResult& result) noexcept;
  // False after counting the reject: strict sources take one plain record per line.
  bool allowed_in_strict(std::string_view what, LineResult& result) noexcept;

  const Options& options_;
  std::optional<Shape> pinned_;
  Context context_;
  Tape tape_;
  std::unique_ptr<Tape> inner_;  // for records that travel as text inside another document
  bool inside_text_ = false;
};

}  // namespace csiem::ingest
