// Lines through the mapper and back as parsed JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.hpp"
#include "event/canonical.hpp"
#include "ingest/ingest.hpp"

namespace testing {

inline constexpr int64_t kArrival = 1'772'500'000'000'000'000;

inline boost::json::value parsed(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = 200;
  boost::json::error_code error;
  auto value = boost::json::parse({text.data(), text.size()}, error, {}, options);
  return error ? boost::json::value("not JSON: " + std::string(text)) : value;
}

struct Mapped {
  csiem::ingest::LineResult result;
  std::string detail;
  std::vector<std::string> texts;
  std::vector<boost::json::value> events;

  // The member of the first event at a dotted path; null when there is none.
  boost::json::value at(std::string_view path) const {
    if (events.empty()) return nullptr;
    const boost::json::value* v = &events.front();
    while (!path.empty()) {
      const std::string_view name = path.substr(0, path.find('/'));
      path.remove_prefix(name.size() == path.size() ? name.size() : name.size() + 1);
      if (!v->is_object()) return nullptr;
      v = v->as_object().if_contains({name.data(), name.size()});
      if (v == nullptr) return nullptr;
    }
    return *v;
  }
  std::string text_at(std::string_view path) const {
    const auto v = at(path);
    return v.is_string() ? std::string(v.as_string()) : boost::json::serialize(v);
  }
};

template <class Map>
Mapped collect(const Map& map) {
  csiem::event::BatchBuilder batch(csiem::event::BatchPool::create());
  Mapped mapped;
  mapped.result = map(batch);
  mapped.detail = mapped.result.detail;
  mapped.result.detail = {};
  for (const csiem_event& e : batch.events()) {
    csiem::Buffer text;
    csiem::event::write_canonical(e, text.writer());
    mapped.texts.emplace_back(text.view());
    mapped.events.push_back(parsed(text.view()));
  }
  return mapped;
}

inline Mapped map_line(std::string_view line, csiem::ingest::Options options = {}) {
  csiem::ingest::Mapper mapper(std::move(options));
  // A copy of exactly the line's bytes that dies before the views are read: sanitizers see what outlives it.
  const auto map = [&](csiem::event::BatchBuilder& batch) {
    const std::vector<char> bytes(line.begin(), line.end());
    return mapper.map({bytes.data(), bytes.size()}, kArrival, batch);
  };
  return collect(map);
}

inline Mapped map_sse(std::string_view name, std::string_view data) {
  csiem::ingest::Mapper mapper{csiem::ingest::Options{}};
  return collect([&](csiem::event::BatchBuilder& batch) { return mapper.map_sse(name, data, kArrival, batch); });
}

}  // namespace testing
