// "Did you mean": the nearest known word, and words that other documents use. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::config {

// The nearest of `known`: at most 2 edits away, 1 when `word` has fewer than five characters. Empty when none is.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

// The key that a spelling of another document or product stands for, or empty: "hecUrl" is "hec_url". Only answers
// that are in `known` are given.
std::string synonym(std::string_view word, const std::vector<std::string>& known);

// "did you mean 'batch_size'?", or empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

// "env | file | vault" apart.
std::vector<std::string> split_words(std::string_view words);

}  // namespace csiem::config
