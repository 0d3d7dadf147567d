// What a plugin's settings schema says to people about its platform: which setting an answer is about and what to do
// next, and how to find an event over there.
//
// - x-csiem-answers, at the top: by the plugin's own code ("hec.7") or a message of the daemon ("CS4010"), an object
//   with `setting`, a dotted path or several with commas, of which the first counts that somebody wrote, and `next`, a
//   sentence; both optional
// - x-csiem-lookup, at the top: a text in which {event_id} is the event's id, {path} a setting, and {path,other|text}
//   the first of several settings that has a plain value, else the text
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "config/config.hpp"

namespace csiem::config {

struct AnswerWords {
  std::string setting;  // dotted path; empty: no single one
  std::string value;    // `KEY = VALUE` as it counts, secrets as references or "…"; empty: nobody set it
  Origin origin;        // where it was written, else where the exporter was
  std::string next;     // empty: the message's own advice counts
};
// `vendor_code` may be empty. Without words of the plugin: for trouble with the connection the first setting that is a
// URL, for a refused credential the first secret.
AnswerWords answer_words(std::string_view schema_json, const Destination& destination, std::string_view vendor_code,
                         int message_code);

// Empty when the plugin says nothing.
std::string lookup_words(std::string_view schema_json, const Destination& destination, std::string_view event_id);

}  // namespace csiem::config
