// Signatures by `openssl cms` and `openssl smime`: the signers are the certificates that openssl made.
#include "daemon/archive/signer/pkcs7_signers.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "daemon/base/text.h"
#include "tests/unit/signer/workshop.h"

namespace tegodrop {
namespace {

using testing::Signers;
using testing::Workshop;

class SignersOfPkcs7Test : public ::testing::Test {
 protected:
  static Signers Of(const std::string& der) {
    const Result<Signers> signers = SignersOfPkcs7(der);
    EXPECT_TRUE(signers.has_value()) << signers.error().message;
    return signers.value_or(Signers{});
  }
  static std::string FaultOf(const std::string& der) {
    const Result<Signers> signers = SignersOfPkcs7(der);
    EXPECT_FALSE(signers.has_value());
    EXPECT_EQ(ERR_peek_error(), 0UL);
    return signers ? "" : signers.error().message;
  }

  Workshop workshop_;
};

TEST_F(SignersOfPkcs7Test, AreNamedByIssuerAndSerialOrByKeyAttachedOrDetached) {
  for (const std::string name : {"rsa", "curve"}) {
    const Signers signer = {workshop_.Key(name)};
    for (const char* options :
         {"", "-nodetach", "-noattr", "-keyid", "-keyid -nodetach -noattr", "-nodetach -stream"}) {
      EXPECT_EQ(Of(workshop_.Cms({name}, options)), signer) << name << " " << options;
    }
    workshop_.Run("openssl smime -sign -binary -in content -outform DER -out p7.der -signer " + name + ".pem -inkey " +
                  name + ".key");
    EXPECT_EQ(Of(workshop_.Read("p7.der")), signer) << "PKCS #7 by " << name;
  }
}

TEST_F(SignersOfPkcs7Test, AreNamedInOrderAndEachOnce) {
  const Signers both = {workshop_.Key("rsa"), workshop_.Key("curve")};
  Signers found = Of(workshop_.Cms({"rsa", "curve"}));
  ASSERT_EQ(found.size(), 2U);
  // A SET is sorted by its bytes.
  if (found[0] == both[1]) std::swap(found[0], found[1]);
  EXPECT_EQ(found, both);
  workshop_.Cms({"rsa"}, "");
  workshop_.Run(
      "openssl cms -resign -inform DER -in cms.der -outform DER -out twice.der -nocerts"
      " -signer rsa.pem -inkey rsa.key");
  EXPECT_GT(workshop_.Read("twice.der").size(), workshop_.Read("cms.der").size() + 256);
  EXPECT_EQ(Of(workshop_.Read("twice.der")), Signers{both[0]});
}

TEST_F(SignersOfPkcs7Test, AreNotWhatElseIsCarried) {
  workshop_.Key("other");
  workshop_.Run("cat other.pem > more.pem");
  EXPECT_EQ(Of(workshop_.Cms({"curve"}, "-certfile more.pem")), Signers{workshop_.Key("curve")});
}

// Two keys under one issuer and serial number: the signature says both.
TEST_F(SignersOfPkcs7Test, AreAllThatHaveTheNameThatASignerGives) {
  Signers both;
  for (const std::string name : {"one", "two"}) {
    workshop_.Run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=same"
        " -set_serial 7 -keyout " +
        name + ".key -out " + name + ".pem");
    both.push_back(Workshop::Digests(workshop_.Run("openssl x509 -noout -fingerprint -sha256 -in " + name + ".pem"),
                                     "Fingerprint=")
                       .at(0));
  }
  workshop_.Write("content", "x");
  workshop_.Run(
      "openssl cms -sign -in content -outform DER -out cms.der -certfile two.pem -signer one.pem -inkey one.key");
  Signers found = Of(workshop_.Read("cms.der"));
  std::sort(found.begin(), found.end());
  std::sort(both.begin(), both.end());
  EXPECT_EQ(found, both);
}

TEST_F(SignersOfPkcs7Test, AreRefusedWhereNothingNamesThem) {
  EXPECT_NE(FaultOf("").find("no signed data"), std::string::npos);
  EXPECT_NE(FaultOf(std::string(1000, '\x30')).find("no signed data"), std::string::npos);
  EXPECT_NE(FaultOf(workshop_.Cms({"curve"}, "-nocerts")).find("a signer's is not among them"), std::string::npos);
  EXPECT_NE(FaultOf(workshop_.Cms({"curve"}, "-keyid -nocerts")).find("is not among them"), std::string::npos);
  workshop_.Run("openssl crl2pkcs7 -nocrl -certfile curve.pem -outform DER -out certificates.p7b");
  EXPECT_NE(FaultOf(workshop_.Read("certificates.p7b")).find("names no signer"), std::string::npos);
  workshop_.Run("openssl cms -encrypt -in content -outform DER -out secret.der -recip curve.pem");
  EXPECT_NE(FaultOf(workshop_.Read("secret.der")).find("no signed data"), std::string::npos);
}

TEST_F(SignersOfPkcs7Test, AreReadOfOneMebibyteAtMost) {
  std::string der = workshop_.Cms({"curve"});
  der.resize(kLargestPkcs7);
  EXPECT_EQ(Of(der), Signers{workshop_.Key("curve")});
  EXPECT_NE(FaultOf(der + '\0').find("larger than 1 MiB"), std::string::npos);
}

TEST_F(SignersOfPkcs7Test, RefusesACutSignatureAtEveryLength) {
  const std::string whole = workshop_.Cms({"curve"});
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(FaultOf(whole.substr(0, size)).empty()) << size;
}

TEST_F(SignersOfPkcs7Test, HasAnAnswerForEveryFlippedBit) {
  const std::string whole = workshop_.Cms({"curve"});
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const Result<Signers> signers = SignersOfPkcs7(flipped);
    EXPECT_EQ(ERR_peek_error(), 0UL);
    if (signers) {
      EXPECT_EQ(signers->size(), 1U);
    } else {
      EXPECT_EQ(Printable(signers.error().message), signers.error().message);
    }
  }
}

}  // namespace
}  // namespace tegodrop
