// Executables by hand around a CMS of openssl's.
#include "daemon/archive/signer/mach_o_signature.h"

#include <gtest/gtest.h>

#include "daemon/base/text.h"
#include "tests/unit/signer/hand_mach_o.h"
#include "tests/unit/signer/workshop.h"

namespace tegodrop {
namespace {

using testing::Blob;
using testing::CodeDirectory;
using testing::Fat;
using testing::HandMachO;
using testing::SignatureWith;
using testing::Signers;
using testing::SuperBlob;
using testing::Workshop;
using testing::Wrapper;

Result<Signers> Read(std::string_view bytes, std::size_t step) {
  MachOSignature signature;
  for (std::size_t at = 0; at < bytes.size(); at += step) signature.Feed(bytes.substr(at, step));
  return signature.Finish();
}

// The same for pieces of any size.
Signers Of(const std::string& bytes) {
  const Result<Signers> whole = Read(bytes, SIZE_MAX / 2);
  EXPECT_TRUE(whole.has_value()) << whole.error().message;
  if (!whole) return {"fault"};
  for (const std::size_t step : {1U, 3U, 64U}) EXPECT_EQ(Read(bytes, step).value_or(Signers{"fault"}), *whole) << step;
  return *whole;
}

std::string FaultOf(const std::string& bytes) {
  const Result<Signers> whole = Read(bytes, SIZE_MAX / 2);
  const Result<Signers> slowly = Read(bytes, 1);
  EXPECT_FALSE(whole.has_value());
  EXPECT_FALSE(slowly.has_value());
  if (whole || slowly) return "";
  EXPECT_EQ(whole.error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(whole.error().message, slowly.error().message);
  return whole.error().message;
}

// Keys and signatures are made once.
class MachO : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Workshop workshop;
    rsa_ = {workshop.Key("rsa")};
    curve_ = {workshop.Key("curve")};
    rsa_cms_ = workshop.Cms({"rsa"}, "");
    curve_cms_ = workshop.Cms({"curve"});
  }
  static std::string Signed(const std::string& cms) { return HandMachO{.signature = SignatureWith(cms)}.Bytes(); }
  static std::string Faulty(const std::string& signature) { return FaultOf(HandMachO{.signature = signature}.Bytes()); }

  static Signers rsa_;
  static Signers curve_;
  static std::string rsa_cms_;
  static std::string curve_cms_;
};
Signers MachO::rsa_;
Signers MachO::curve_;
std::string MachO::rsa_cms_;
std::string MachO::curve_cms_;

TEST_F(MachO, NamesTheSignerOfAThinFile) {
  for (const bool wide : {true, false}) {
    for (const bool first : {true, false}) {
      HandMachO file{.signature = SignatureWith(rsa_cms_), .wide = wide, .signature_first = first};
      EXPECT_EQ(Of(file.Bytes()), rsa_);
      file.signature = SignatureWith(curve_cms_);
      EXPECT_EQ(Of(file.Bytes()), curve_);
      file.code = "";
      EXPECT_EQ(Of(file.Bytes() + "more"), curve_);
    }
  }
}

TEST_F(MachO, NamesTheSignersOfAllSlicesInTheHeadersOrder) {
  const std::string rsa = Signed(rsa_cms_);
  const std::string curve = Signed(curve_cms_);
  const Signers both = {rsa_[0], curve_[0]};
  for (const bool wide : {false, true}) {
    EXPECT_EQ(Of(Fat({{rsa}}, wide)), rsa_);
    EXPECT_EQ(Of(Fat({{rsa}, {rsa}}, wide)), rsa_);
    EXPECT_EQ(Of(Fat({{rsa}, {curve}, {rsa}}, wide)), both);
    EXPECT_EQ(Of(Fat({{rsa}, {curve}}, wide, {1, 0})), both) << "the second lies in front";
    EXPECT_EQ(Of(Fat({{HandMachO{}.Bytes()}, {curve}}, wide)), curve_) << "the first is not signed";
  }
}

TEST_F(MachO, NamesNobodyWhereNothingOrNobodySigned) {
  EXPECT_EQ(Of(HandMachO{}.Bytes()), Signers{});
  EXPECT_EQ(Of(HandMachO{.wide = false}.Bytes()), Signers{});
  for (const std::string& ad_hoc :
       {SignatureWith(""), SuperBlob({{0, CodeDirectory()}}), SuperBlob({}) + std::string(8, '\0'), CodeDirectory()}) {
    EXPECT_EQ(Of(HandMachO{.signature = ad_hoc}.Bytes()), Signers{});
  }
}

TEST_F(MachO, RefusesWhatIsNoMachO) {
  for (const std::string& other :
       {std::string("#!/bin/sh\n"), std::string(100, '\0'), "\x7f" + std::string("ELF\2\1\1"),
        testing::Big(0xfeedfacf, 4) + std::string(100, '\0'), testing::Big(0xcafebabe, 4) + testing::Big(52, 4),
        testing::Big(0xcafebabe, 4) + testing::Big(0, 4), Fat({{"#!/bin/sh\n"}})}) {
    EXPECT_NE(FaultOf(other).find("it is no Mach-O"), std::string::npos);
  }
  EXPECT_NE(FaultOf("").find("ends too early"), std::string::npos);
}

TEST_F(MachO, RefusesSlicesThatDoNotFit) {
  const std::string slice = Signed(curve_cms_);
  EXPECT_NE(FaultOf(Fat({{slice}, {slice, 64}})).find("overlap"), std::string::npos);
  EXPECT_NE(FaultOf(Fat({{slice, 4}})).find("overlap"), std::string::npos) << "with the header";
  EXPECT_NE(FaultOf(Fat({{slice, {}, 3}})).find("outside"), std::string::npos);
  EXPECT_NE(FaultOf(Fat({{slice, {}, slice.size() - 1}})).find("outside"), std::string::npos);
  EXPECT_NE(FaultOf(Fat({{slice, UINT64_MAX, 2}}, true)).find("outside"), std::string::npos);
  EXPECT_NE(FaultOf(Fat({{slice, {}, slice.size() + 1}})).find("too early"), std::string::npos);
  EXPECT_NE(FaultOf(Fat({{slice, UINT64_MAX - 8, 8}}, true)).find("too early"), std::string::npos);
}

TEST_F(MachO, RefusesLoadCommandsThatDoNotFit) {
  const auto fault = [](HandMachO file) {
    file.signature = SignatureWith(curve_cms_);
    return FaultOf(file.Bytes());
  };
  for (const std::uint32_t size : {0U, 7U, 15U, 1000U, UINT32_MAX}) {
    EXPECT_NE(fault({.signature_command_size = size}).find("load commands do not fit"), std::string::npos) << size;
  }
  for (const std::uint32_t size : {0U, 1U, 63U}) {
    EXPECT_NE(fault({.commands_size = size}).find("load commands do not fit"), std::string::npos) << size;
  }
  EXPECT_NE(fault({.commands_size = UINT32_MAX}).find("overlap"), std::string::npos);
  EXPECT_NE(fault({.signature_commands = 2}).find("two signatures"), std::string::npos);
  for (const std::uint32_t at : {0U, 8U, 95U}) {
    EXPECT_NE(fault({.signature_at = at}).find("overlap"), std::string::npos) << at;
  }
  EXPECT_NE(fault({.signature_at = UINT32_MAX}).find("too early"), std::string::npos);
  EXPECT_NE(fault({.signature_size = UINT32_MAX}).find("too early"), std::string::npos);
  EXPECT_NE(fault({.signature_size = 11}).find("too short"), std::string::npos);
  EXPECT_NE(fault({.signature_size = 100}).find("lengths do not fit"), std::string::npos);
}

TEST_F(MachO, RefusesSignaturesThatDoNotFit) {
  const std::string whole = SignatureWith(curve_cms_);
  const auto with = [&](std::size_t at, std::uint32_t number) {
    return Faulty(std::string(whole).replace(at, 4, testing::Big(number, 4)));
  };
  const std::size_t slot = 12 + 2 * 8;
  const std::size_t wrapper = whole.size() - curve_cms_.size() - 8;
  EXPECT_NE(with(0, 0xfade0b01).find("none that is known"), std::string::npos);
  for (const std::uint32_t size : {0U, 11U, 12U + 3 * 8 - 1, UINT32_MAX}) {
    EXPECT_NE(with(4, size).find("lengths do not fit"), std::string::npos) << size;
  }
  for (const std::uint32_t count : {1025U, 0x20000000U, UINT32_MAX}) {
    EXPECT_NE(with(8, count).find("lengths do not fit"), std::string::npos) << count;
  }
  for (const std::uint32_t at : {0U, 12U, 35U}) EXPECT_NE(with(slot + 4, at).find("overlap"), std::string::npos) << at;
  for (const std::uint32_t at : {static_cast<std::uint32_t>(whole.size() - 7), UINT32_MAX}) {
    EXPECT_NE(with(slot + 4, at).find("lengths do not fit"), std::string::npos) << at;
  }
  EXPECT_NE(with(12, 0x10000).find("two signatures"), std::string::npos);
  EXPECT_NE(with(wrapper, 0xfade0c02).find("something else"), std::string::npos);
  for (const std::uint32_t size : {0U, 7U, UINT32_MAX}) {
    EXPECT_NE(with(wrapper + 4, size).find("lengths do not fit"), std::string::npos) << size;
  }
  EXPECT_NE(with(wrapper + 4, 9).find("no signed data"), std::string::npos);
  EXPECT_NE(Faulty(SignatureWith("garbage")).find("no signed data"), std::string::npos);
}

TEST_F(MachO, TakesOneMebibyteOfCmsInAllAndNoMore) {
  std::string cms = curve_cms_;
  cms.resize(1UL << 20U);
  EXPECT_EQ(Of(Signed(cms)), curve_);
  EXPECT_NE(FaultOf(Signed(cms + '\0')).find("larger than 1 MiB"), std::string::npos);
  EXPECT_NE(FaultOf(Fat({{Signed(curve_cms_)}, {Signed(cms)}})).find("larger than 1 MiB"), std::string::npos);
}

TEST_F(MachO, RefusesAnExecutableThatIsCutAtAnyLength) {
  for (const std::string& whole : {Signed(curve_cms_), Fat({{Signed(curve_cms_)}, {HandMachO{}.Bytes()}})}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_NE(FaultOf(whole.substr(0, size)).find("ends too early"), std::string::npos) << size;
    }
  }
}

TEST_F(MachO, HasOneAnswerForEveryFlippedBit) {
  const std::string whole = Fat({{Signed(curve_cms_)}});
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const Result<Signers> signers = Read(flipped, SIZE_MAX / 2);
    if (signers) {
      EXPECT_LE(signers->size(), 1U) << bit;
      EXPECT_EQ(Read(flipped, 7).value_or(Signers{"fault"}), *signers) << bit;
    } else {
      EXPECT_EQ(Printable(signers.error().message), signers.error().message);
      EXPECT_EQ(signers.error().kind, ErrorKind::kCorrupt);
    }
  }
}

}  // namespace
}  // namespace tegodrop
