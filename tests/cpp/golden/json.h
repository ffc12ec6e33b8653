// A reader of JSON, for the manifests of tests/golden and the headers of safetensors files. Test code: it trusts its files.
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace attention_lab::testing {

class Json {
 public:
  using Items = std::vector<Json>;
  using Members = std::vector<std::pair<std::string, Json>>;  // in the order of the file

  static Json parse(std::string_view text) {
    std::size_t at = 0;
    Json value = parse_value(text, at);
    skip_space(text, at);
    if (at != text.size()) throw std::runtime_error("JSON: text after the value");
    return value;
  }

  bool is_object() const { return std::holds_alternative<Members>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Items>(value_); }
  double number() const { return std::get<double>(value_); }
  bool boolean() const { return std::get<bool>(value_); }
  const std::string& text() const { return std::get<std::string>(value_); }
  const Items& items() const { return std::get<Items>(value_); }
  const Members& members() const { return std::get<Members>(value_); }

  /// The member called `key`, or nullptr.
  const Json* find(std::string_view key) const {
    for (const auto& [name, value] : members())
      if (name == key) return &value;
    return nullptr;
  }
  const Json& operator[](std::string_view key) const {
    if (const Json* const value = find(key)) return *value;
    throw std::runtime_error("JSON: no member called " + std::string(key));
  }

 private:
  static void skip_space(std::string_view text, std::size_t& at) {
    while (at < text.size() && std::string_view(" \t\r\n").find(text[at]) != std::string_view::npos) ++at;
  }
  static bool accept(std::string_view text, std::size_t& at, std::string_view token) {
    skip_space(text, at);
    if (text.substr(at, token.size()) != token) return false;
    at += token.size();
    return true;
  }
  static void expect(std::string_view text, std::size_t& at, std::string_view token) {
    if (!accept(text, at, token))
      throw std::runtime_error("JSON: expected " + std::string(token) + " at byte " + std::to_string(at));
  }

  static Json parse_value(std::string_view text, std::size_t& at) {
    Json value;
    if (accept(text, at, "{")) {
      Members members;
      if (!accept(text, at, "}")) {
        do {
          std::string key = parse_string(text, at);
          expect(text, at, ":");
          members.emplace_back(std::move(key), parse_value(text, at));
        } while (accept(text, at, ","));
        expect(text, at, "}");
      }
      value.value_ = std::move(members);
    } else if (accept(text, at, "[")) {
      Items items;
      if (!accept(text, at, "]")) {
        do items.push_back(parse_value(text, at));
        while (accept(text, at, ","));
        expect(text, at, "]");
      }
      value.value_ = std::move(items);
    } else if (at < text.size() && text[at] == '"') {
      value.value_ = parse_string(text, at);
    } else if (accept(text, at, "true")) {
      value.value_ = true;
    } else if (accept(text, at, "false")) {
      value.value_ = false;
    } else if (!accept(text, at, "null")) {
      const std::size_t end = text.find_first_not_of("+-.0123456789eE", at);
      const std::string digits(text.substr(at, end - at));
      if (digits.empty()) throw std::runtime_error("JSON: no value at byte " + std::to_string(at));
      value.value_ = std::strtod(digits.c_str(), nullptr);
      at += digits.size();
    }
    return value;
  }

  static std::string parse_string(std::string_view text, std::size_t& at) {
    expect(text, at, "\"");
    std::string result;
    while (at < text.size() && text[at] != '"') {
      char c = text[at++];
      if (c == '\\') {
        c = text.at(at++);
        if (c == 'u') {  // only control characters are written so: the files are UTF-8
          c = static_cast<char>(std::strtol(std::string(text.substr(at, 4)).c_str(), nullptr, 16));
          at += 4;
        } else if (const std::size_t escape = std::string_view("nrtbf").find(c); escape != std::string_view::npos) {
          c = "\n\r\t\b\f"[escape];
        }
      }
      result += c;
    }
    expect(text, at, "\"");
    return result;
  }

  std::variant<std::nullptr_t, bool, double, std::string, Items, Members> value_ = nullptr;
};

}  // namespace attention_lab::testing
