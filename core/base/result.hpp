// Expected failures as values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace csiem {

enum class Code { invalid, not_found, io, limit, denied, unsupported, internal };

// Why something failed. The text names the thing, the place and the expectation, in lower case without a
// trailing dot. `message_code` is the operator-facing number of base/messages.def (4010 prints as CS4010),
// 0 when the failure has none.
class [[nodiscard]] Error {
 public:
  Error(Code code, std::string what, int message_code = 0)
      : code_(code), message_code_(message_code), what_(std::move(what)) {}
  Code code() const noexcept { return code_; }
  int message_code() const noexcept { return message_code_; }
  const std::string& what() const noexcept { return what_; }
  // Adds the caller's side of the story: "splunk: options: endpoint: not a URL".
  Error in(std::string_view where) && {
    what_.insert(0, std::string(where) + ": ");
    return std::move(*this);
  }

 private:
  Code code_;
  int message_code_;
  std::string what_;
};

// A value or the Error that kept us from having it.
template <class T>
class [[nodiscard]] Result {
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

 public:
  Result() requires std::is_void_v<T> : state_(std::in_place_index<0>) {}
  template <class U = Value>
  requires(!std::is_void_v<T> && std::is_constructible_v<Value, U&&> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, Result>)
      Result(U&& v)
      : state_(std::in_place_index<0>, std::forward<U>(v)) {}
  Result(Error e) : state_(std::in_place_index<1>, std::move(e)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }
  Value& operator*() & noexcept {
    assert(*this);
    return *std::get_if<0>(&state_);
  }
  const Value& operator*() const& noexcept {
    assert(*this);
    return *std::get_if<0>(&state_);
  }
  Value&& operator*() && noexcept {
    assert(*this);
    return std::move(*std::get_if<0>(&state_));
  }
  Value* operator->() noexcept {
    assert(*this);
    return std::get_if<0>(&state_);
  }
  const Value* operator->() const noexcept {
    assert(*this);
    return std::get_if<0>(&state_);
  }
  Error& error() & noexcept {
    assert(!*this);
    return *std::get_if<1>(&state_);
  }
  const Error& error() const& noexcept {
    assert(!*this);
    return *std::get_if<1>(&state_);
  }
  Error&& error() && noexcept {
    assert(!*this);
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<Value, Error> state_;
};

}  // namespace csiem

// CS_TRY(value, may_fail()); leaves the function with the error, or binds `value`.
#define CS_TRY(name, expr)                           \
  auto name##_r = (expr);                            \
  if (!name##_r) return std::move(name##_r).error(); \
  auto&& name = *std::move(name##_r)
// The same for Result<void>.
#define CS_CHECK(expr)                                     \
  do {                                                     \
    auto cs_check_r = (expr);                              \
    if (!cs_check_r) return std::move(cs_check_r).error(); \
  } while (false)
