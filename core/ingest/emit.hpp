// Tokens back to JSON text: compact, without repeated keys, numbers as they were written.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>
#include <vector>

#include "base/buffer.hpp"
#include "base/sha256.hpp"
#include "ingest/tape.hpp"

namespace csiem::ingest {

// Keeps scratch memory. One thread.
class Emitter {
 public:
  // Whether the raw texts of the document at hand have no white space between tokens.
  void set_compact(bool compact) noexcept { compact_ = compact; }

  // Of equal keys in an object the last member counts, as everywhere. A number beyond the range of a double becomes a
  // string with its digits: receivers would refuse it or read infinity.
  void value(Out& out, const Token& token);
  // True when value() would write the container's raw text.
  bool is_verbatim(const Token& container) {
    return compact_ && !container.non_finite && !mark_all_shadowed(container);
  }
  // `"key":value` with the comma before it when `first` is false.
  void member(Out& out, const Token& token, bool& first);

  // `{"bytes":n,"sha256":"..."}` of a string's text, or of any other value's compact text with sorted keys.
  void digest(Out& out, const Token& token);
  // The same of bytes.
  void digest(Out& out, std::string_view bytes);

  // Sets `shadowed` of the members of this object and says whether any is.
  bool mark_shadowed(const Token& object);
  // The same for every object inside `token`, itself included.
  bool mark_all_shadowed(const Token& token);

 private:
  void sorted_value(Out& out, const Token& token);

  bool compact_ = false;
  std::vector<const Token*> members_;  // scratch of mark_shadowed() and sorted_value()
  Buffer digest_text_;
  Sha256 hash_;
};

}  // namespace csiem::ingest
