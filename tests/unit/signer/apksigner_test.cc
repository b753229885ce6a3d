// APKs signed by apksigner, and JARs by jarsigner: the signers are those that the tools themselves name.
#include <gtest/gtest.h>

#include "daemon/archive/signer/apk_signers.h"
#include "daemon/archive/signer/pkcs7_signers.h"
#include "tests/fakes/zip_maker.h"
#include "tests/unit/signer/scheme_bytes.h"
#include "tests/unit/signer/workshop.h"

namespace tegodrop {
namespace {

using testing::kSchemeV2;
using testing::kSchemeV3;
using testing::PairOf;
using testing::Signers;
using testing::Workshop;

class Apksigner : public ::testing::Test {
 protected:
  // signed.apk by these keys with these schemes, e.g. "13".
  std::string Sign(const std::vector<std::string>& names, const std::string& schemes, const std::string& options = "") {
    std::string command = "apksigner sign --min-sdk-version 21 --in app.apk --out signed.apk " + options;
    for (const char scheme : std::string("123")) {
      command += std::string(" --v") + scheme + "-signing-enabled " +
                 (schemes.find(scheme) == std::string::npos ? "false" : "true");
    }
    std::string next;
    for (const std::string& name : names) {
      workshop_.Key(name);
      command += next + " --key " + name + ".pk8 --cert " + name + ".pem";
      next = " --next-signer";
    }
    workshop_.Write("app.apk", testing::MakeApk());
    workshop_.Run(command);
    return workshop_.Read("signed.apk");
  }
  // What `apksigner verify` says for devices from this version on, which must find the signature valid.
  Signers Printed(const std::string& options = "--min-sdk-version 28") const {
    return Workshop::Digests(workshop_.Run("apksigner verify --print-certs " + options + " signed.apk"),
                             "certificate SHA-256 digest:");
  }
  Signers OfV1(const std::string& block) const {
    workshop_.Run("unzip -p signed.apk META-INF/" + block + " > block.der");
    return SignersOfPkcs7(workshop_.Read("block.der")).value_or(Signers{});
  }
  static Signers Of(const std::string& apk, std::uint32_t id) {
    const std::optional<std::string> value = PairOf(apk, id);
    return value ? SignersOfApkScheme(*value).value_or(Signers{}) : Signers{"none"};
  }

  Workshop workshop_;
};

TEST_F(Apksigner, SignsByEachSchemeAlone) {
  const Signers rsa = {workshop_.Key("rsa")};
  const std::string v1 = Sign({"rsa"}, "1");
  EXPECT_EQ(Printed("--min-sdk-version 21"), rsa);
  EXPECT_EQ(OfV1("RSA.RSA"), rsa);
  EXPECT_FALSE(PairOf(v1, kSchemeV2));
  const std::string v2 = Sign({"rsa"}, "2");
  EXPECT_EQ(Printed(), rsa);
  EXPECT_EQ(Of(v2, kSchemeV2), rsa);
  EXPECT_FALSE(PairOf(v2, kSchemeV3));
  const std::string v3 = Sign({"rsa"}, "3");
  EXPECT_EQ(Printed(), rsa);
  EXPECT_EQ(Of(v3, kSchemeV3), rsa);
  EXPECT_FALSE(PairOf(v3, kSchemeV2));
}

TEST_F(Apksigner, SignsByAllSchemesWithAnEllipticCurve) {
  const Signers curve = {workshop_.Key("curve")};
  const std::string apk = Sign({"curve"}, "123");
  EXPECT_EQ(Printed(), curve);
  EXPECT_EQ(OfV1("CURVE.EC"), curve);
  EXPECT_EQ(Of(apk, kSchemeV2), curve);
  EXPECT_EQ(Of(apk, kSchemeV3), curve);
}

TEST_F(Apksigner, SignsByTwo) {
  const Signers both = {workshop_.Key("rsa"), workshop_.Key("curve")};
  const std::string apk = Sign({"rsa", "curve"}, "12");
  EXPECT_EQ(Printed(), both);
  EXPECT_EQ(Of(apk, kSchemeV2), both);
  EXPECT_EQ(OfV1("RSA.RSA"), Signers{both[0]});
  EXPECT_EQ(OfV1("CURVE.EC"), Signers{both[1]});
}

// The newest certificate signs by v3, the oldest what older devices read.
TEST_F(Apksigner, SignsWithALineageOfCertificates) {
  const Signers older = {workshop_.Key("older")};
  const Signers newer = {workshop_.Key("newer")};
  workshop_.Run(
      "apksigner rotate --out lineage --old-signer --key older.pk8 --cert older.pem"
      " --new-signer --key newer.pk8 --cert newer.pem");
  const std::string apk = Sign({"older", "newer"}, "123", "--lineage lineage");
  EXPECT_EQ(Printed(), newer);
  EXPECT_EQ(Of(apk, kSchemeV3), newer);
  EXPECT_EQ(Printed("--min-sdk-version 21 --max-sdk-version 27"), older);
  EXPECT_EQ(Of(apk, kSchemeV2), older);
  EXPECT_EQ(OfV1("OLDER.EC"), older);
}

TEST_F(Apksigner, FindsTheSignerOfAJarAmongItsIssuers) {
  workshop_.Key("root");
  workshop_.Run(
      "openssl req -new -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=leaf && "
      "openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -set_serial 2 -days 3650 -out leaf.pem && "
      "openssl pkcs12 -export -in leaf.pem -inkey leaf.key -certfile root.pem -name leaf -passout pass:secret"
      " -out store.p12");
  workshop_.Write("signed.apk", testing::MakeApk());
  workshop_.Run("jarsigner -keystore store.p12 -storepass secret -sigfile NAME signed.apk leaf");
  const Signers leaf =
      Workshop::Digests(workshop_.Run("openssl x509 -noout -fingerprint -sha256 -in leaf.pem"), "Fingerprint=");
  const Signers chain = Workshop::Digests(workshop_.Run("keytool -printcert -jarfile signed.apk"), "SHA256:");
  EXPECT_EQ(chain, (Signers{leaf.at(0), workshop_.Key("root")}));
  EXPECT_EQ(OfV1("NAME.RSA"), leaf);
}

}  // namespace
}  // namespace tegodrop
