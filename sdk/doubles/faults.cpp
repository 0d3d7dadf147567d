#include "faults.hpp"

#include <charconv>

namespace csiem::doubles {
namespace {

template <class Number>
bool whole_number(std::string_view text, Number* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

// Cuts `text` at the last `mark` and returns what followed it.
std::optional<std::string_view> cut(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const auto rest = text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

bool parse_range(std::string_view text, Fault* fault) {
  const std::size_t dash = text.find('-');
  if (!whole_number(text.substr(0, dash), &fault->first)) return false;
  fault->last = fault->first;
  return dash == std::string_view::npos || whole_number(text.substr(dash + 1), &fault->last);
}

// What stands behind the '='.
enum class Value { none, milliseconds, bytes, status };

constexpr struct {
  std::string_view name;
  Fault::Kind kind;
  Value value;
} kKinds[] = {{"reset-before", Fault::Kind::reset_before, Value::none},
              {"reset-after", Fault::Kind::reset_after, Value::none},
              {"hang", Fault::Kind::hang, Value::none},
              {"truncate", Fault::Kind::truncate, Value::none},
              {"html", Fault::Kind::html, Value::none},
              {"slow", Fault::Kind::slow, Value::milliseconds},
              {"slow-read", Fault::Kind::slow_read, Value::milliseconds},
              {"max-body", Fault::Kind::max_body, Value::bytes},
              {"413-early", Fault::Kind::early_413, Value::bytes},
              {"reset-early", Fault::Kind::early_reset, Value::bytes},
              {"flood", Fault::Kind::flood, Value::bytes},
              {"item", Fault::Kind::item, Value::status},
              {"inside", Fault::Kind::inside, Value::status}};

bool parse_kind(std::string_view kind, std::optional<std::string_view> value, Fault* fault) {
  for (const auto& known : kKinds) {
    if (known.name != kind) continue;
    fault->kind = known.kind;
    if (known.value == Value::none) return true;
    if (!value) return false;
    if (known.value == Value::status) return whole_number(*value, &fault->status);
    if (known.value == Value::milliseconds && value->ends_with("ms")) value->remove_suffix(2);
    return whole_number(*value, &fault->value);
  }
  if (kind == "status" && value) kind = *value;
  fault->kind = Fault::Kind::status;
  return whole_number(kind, &fault->status) && fault->status >= 300 && fault->status <= 599;
}

bool is_early(const Fault& fault) {
  return fault.kind == Fault::Kind::early_413 || fault.kind == Fault::Kind::early_reset ||
         fault.kind == Fault::Kind::slow_read;
}

}  // namespace

std::string_view name_of(Fault::Kind kind) {
  for (const auto& known : kKinds)
    if (known.kind == kind) return known.name;
  return "status";
}

std::optional<Fault> parse_fault(std::string_view text, std::string* problem) {
  Fault fault;
  std::string_view rest = text;
  if (const auto option = cut(rest, ';')) {
    constexpr std::string_view kRetryAfter = "retry-after=";
    if (option->substr(0, kRetryAfter.size()) != kRetryAfter) {
      *problem = "expected ;retry-after=SECONDS-OR-DATE";
      return std::nullopt;
    }
    fault.retry_after = option->substr(kRetryAfter.size());
  }
  if (const auto range = cut(rest, '@'); range && !parse_range(*range, &fault)) {
    *problem = "expected @FIRST or @FIRST-LAST";
    return std::nullopt;
  }
  if (auto percent = cut(rest, ':')) {
    if (percent->ends_with('%')) percent->remove_suffix(1);
    if (!whole_number(*percent, &fault.percent) || fault.percent < 0 || fault.percent > 100) {
      *problem = "expected :PERCENT%";
      return std::nullopt;
    }
  }
  const auto value = cut(rest, '=');
  if (!parse_kind(rest, value, &fault)) {
    *problem =
        "expected a status, reset-before, reset-after, hang, truncate, slow=MS, slow-read=MS, max-body=BYTES, "
        "413-early=BYTES, reset-early=BYTES, html, flood=BYTES, inside=STATUS or item=STATUS";
    return std::nullopt;
  }
  return fault;
}

bool FaultPlan::hits(const Fault& fault, uint64_t request) {
  if (fault.first != 0 && (request < fault.first || request > fault.last)) return false;
  if (fault.percent >= 100) return true;
  return std::uniform_real_distribution<double>(0, 100)(random_) < fault.percent;
}

const Fault* FaultPlan::strike_early(uint64_t request, uint64_t wire_bytes) {
  for (const auto& fault : faults_) {
    if (!is_early(fault)) continue;
    const bool in_reach = fault.kind == Fault::Kind::slow_read || wire_bytes > fault.value;
    if (in_reach && hits(fault, request)) return &fault;
  }
  return nullptr;
}

const Fault* FaultPlan::strike(uint64_t request, uint64_t body_bytes) {
  for (const auto& fault : faults_) {
    if (fault.kind == Fault::Kind::item || is_early(fault)) continue;
    if (fault.kind == Fault::Kind::max_body) {
      if (body_bytes > fault.value) return &fault;
    } else if (hits(fault, request)) {
      return &fault;
    }
  }
  return nullptr;
}

int FaultPlan::strike_item(uint64_t request) {
  for (const auto& fault : faults_)
    if (fault.kind == Fault::Kind::item && hits(fault, request)) return fault.status;
  return 0;
}

}  // namespace csiem::doubles
