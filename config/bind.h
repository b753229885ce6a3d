// Bindings from a key to the member of Settings that holds it. Only the key table includes this.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <type_traits>

#include "config/keys.h"

namespace tegodrop::bind {

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <typename T>
void Put(T& field, const KeyValue& value, const KeySpec& spec) {
  if constexpr (IsOptional<T>::value) {
    if (std::holds_alternative<std::monostate>(value)) {
      field.reset();
    } else {
      Put(field.emplace(), value, spec);
    }
  } else if constexpr (std::is_enum_v<T>) {
    const auto found = std::find(spec.choices.begin(), spec.choices.end(), std::get<std::string>(value));
    field = static_cast<T>(found - spec.choices.begin());
  } else if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
    field = std::chrono::milliseconds(std::get<std::int64_t>(value));
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    field = static_cast<T>(std::get<std::int64_t>(value));
  } else {
    field = std::get<T>(value);
  }
}

template <typename T>
KeyValue Take(const T& field, const KeySpec& spec) {
  if constexpr (IsOptional<T>::value) {
    return field ? Take(*field, spec) : KeyValue();
  } else if constexpr (std::is_enum_v<T>) {
    return std::string(spec.choices.at(static_cast<std::size_t>(field)));
  } else if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
    return static_cast<std::int64_t>(field.count());
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return static_cast<std::int64_t>(field);
  } else {
    return field;
  }
}

template <auto Member>
inline constexpr KeyBinding kTop{
    [](Settings& s, std::size_t, const KeyValue& value, const KeySpec& spec) { Put(s.*Member, value, spec); },
    [](const Settings& s, std::size_t, const KeySpec& spec) { return Take(s.*Member, spec); }};

template <auto Section, auto Member>
inline constexpr KeyBinding kIn{
    [](Settings& s, std::size_t, const KeyValue& value, const KeySpec& spec) {
      Put((s.*Section).*Member, value, spec);
    },
    [](const Settings& s, std::size_t, const KeySpec& spec) { return Take((s.*Section).*Member, spec); }};

template <auto Member>
inline constexpr KeyBinding kFolder{[](Settings& s, std::size_t folder, const KeyValue& value, const KeySpec& spec) {
                                      Put(s.folders.at(folder).*Member, value, spec);
                                    },
                                    [](const Settings& s, std::size_t folder, const KeySpec& spec) {
                                      return Take(s.folders.at(folder).*Member, spec);
                                    }};

}  // namespace tegodrop::bind
