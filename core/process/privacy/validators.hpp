// What a pattern alone cannot tell: check digits, randomness, where a key block ends.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace csiem::process {

// Each looks at text[begin, end), which a detector's pattern found, and answers where the part to be replaced ends; 0
// when the match is none. Allocates nothing.
using Validator = std::size_t (*)(std::string_view text, std::size_t begin, std::size_t end);

namespace validators {

std::size_t whole(std::string_view text, std::size_t begin, std::size_t end);
// Through the END line of a PEM block, or to the end of the text.
std::size_t to_end_of_key(std::string_view text, std::size_t begin, std::size_t end);
// At least 3.5 bits of entropy per character.
std::size_t random_looking(std::string_view text, std::size_t begin, std::size_t end);
// A JSON web token: the header decodes to JSON that names an algorithm.
std::size_t signed_token(std::string_view text, std::size_t begin, std::size_t end);
// Not <password>, ${PASSWORD}, ******, xxxxxx, changeme.
std::size_t no_placeholder(std::string_view text, std::size_t begin, std::size_t end);
// The longest front part that is a card number: 13 to 19 digits, a known issuer's range, Luhn's check digit.
std::size_t card_number(std::string_view text, std::size_t begin, std::size_t end);
// The longest front part that is an IBAN: 15 to 34 characters, remainder 1 modulo 97.
std::size_t account_number(std::string_view text, std::size_t begin, std::size_t end);
// No area 000 or 666, no group 00, no serial 0000.
std::size_t social_security_number(std::string_view text, std::size_t begin, std::size_t end);

}  // namespace validators
}  // namespace csiem::process
