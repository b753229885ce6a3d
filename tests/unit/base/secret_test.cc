#include "daemon/base/secret.h"

#include <gtest/gtest.h>

#include <array>
#include <new>
#include <ostream>
#include <type_traits>
#include <utility>

namespace tegodrop {
namespace {

template <typename T>
concept Printed = requires(std::ostream& out, const T& value) {
  out << value;
};
template <typename T>
concept Compared = requires(const T& value) {
  value == value;
};

static_assert(!Printed<Secret>, "a credential must not print by accident");
static_assert(!Compared<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<std::string, Secret>);

// Storage that outlives the secret in it, to look at what it leaves behind.
struct Storage {
  alignas(Secret) std::array<unsigned char, sizeof(Secret)> bytes{};
  Secret* Make(const char* value) { return new (bytes.data()) Secret(std::string(value)); }
  bool Contains(std::string_view text) const {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).find(text) !=
           std::string_view::npos;
  }
};

TEST(Secret, GivesItsValueOnlyWhenAsked) {
  const Secret secret(std::string("KEY:SECRET"));
  EXPECT_EQ(secret.Reveal(), "KEY:SECRET");
  EXPECT_STREQ(secret.RevealCString(), "KEY:SECRET");
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
}

TEST(Secret, IsWipedWhenItGoes) {
  Storage storage;
  Secret* secret = storage.Make("hush-hush");  // short enough to stand inside the object
  ASSERT_TRUE(storage.Contains("hush"));
  secret->~Secret();
  EXPECT_FALSE(storage.Contains("hush"));
}

TEST(Secret, IsWipedWhereItWasMovedFrom) {
  Storage storage;
  Secret* secret = storage.Make("hush-hush");
  const Secret moved = std::move(*secret);
  EXPECT_EQ(moved.Reveal(), "hush-hush");
  EXPECT_TRUE(secret->empty());
  EXPECT_FALSE(storage.Contains("hush"));
  Secret assigned;
  *secret = Secret(std::string("hush-again"));
  assigned = std::move(*secret);
  EXPECT_EQ(assigned.Reveal(), "hush-again");
  EXPECT_FALSE(storage.Contains("hush"));
  secret->~Secret();
}

TEST(Secret, IsWipedWhereItIsOverwritten) {
  Storage storage;
  Secret* secret = storage.Make("hush-hush");
  *secret = Secret(std::string("x"));
  EXPECT_EQ(secret->Reveal(), "x");
  EXPECT_FALSE(storage.Contains("ush-hush"));
  secret->~Secret();
}

TEST(Secret, CopiesAreIndependentAndSelfAssignmentKeepsTheValue) {
  Secret first(std::string(100, 's'));
  Secret second = first;
  first = Secret();
  EXPECT_EQ(second.Reveal(), std::string(100, 's'));
  const Secret& alias = second;
  second = alias;
  EXPECT_EQ(second.Reveal(), std::string(100, 's'));
}

}  // namespace
}  // namespace tegodrop
