// Metadata that Elasticsearch can take (schemas.md 4.5): passed through when it is harmless, rewritten when it is not.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace csiem::ecs {

inline constexpr std::size_t kMaxMetadataDepth = 16;  // containers inside each other, the metadata object included

// What one pass over the text finds out.
struct MetadataScan {
  bool empty = true;          // no text, or an object without members
  bool harmless = false;      // can be written as it is
  std::string_view hostname;  // of the member "hostname", when it is a text without escapes; view into the metadata
};
// `json` is one JSON value; on anything else the answer is "not harmless".
MetadataScan scan_metadata(std::string_view json) noexcept;

// Rewrites what is not harmless: keys that are empty, blank or dots only become "_", NUL is taken out of keys, repeated
// keys get _2, _3 ..., containers below kMaxMetadataDepth become their JSON text. What is no object becomes
// {"details": ...}. Keeps scratch memory between calls.
class MetadataRewriter {
 public:
  // Valid until the next call.
  std::string_view rewrite(std::string_view json);

 private:
  std::string text_, inner_;
};

}  // namespace csiem::ecs
