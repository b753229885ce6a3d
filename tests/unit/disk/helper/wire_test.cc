#include "daemon/disk/helper/wire.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace tegodrop {
namespace {

TEST(HelperWire, WhatIsWrittenIsReadInOrder) {
  FrameReader reader(FrameWriter().Number(7).Text(std::string_view("a\0b", 3)).Number(UINT64_MAX).Text("").Take());
  EXPECT_EQ(reader.Number(), 7U);
  EXPECT_EQ(reader.Text(), std::string_view("a\0b", 3));
  EXPECT_EQ(reader.Number(), UINT64_MAX);
  EXPECT_EQ(reader.Text(), "");
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE(reader.at_end());
}

TEST(HelperWire, AFrameCutAnywhereIsNoneAndReadsAsNothing) {
  const std::string whole = FrameWriter().Number(1).Text("a name").Number(2).Take();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    FrameReader reader(whole.substr(0, length));
    (void)reader.Number();
    (void)reader.Text();
    EXPECT_EQ(reader.Number(), 0U) << length;
    EXPECT_FALSE(reader.ok()) << length;
  }
}

TEST(HelperWire, ALengthBeyondTheFrameIsRefused) {
  FrameReader reader(FrameWriter().Number(UINT64_MAX).Take() + "abc");
  EXPECT_EQ(reader.Text(), "");
  EXPECT_FALSE(reader.ok());
}

TEST(HelperWire, AStatComesBackAsItWas) {
  FileStat stat;
  stat.dev = 1;
  stat.ino = UINT64_MAX;
  stat.size = 1ULL << 40U;
  stat.mtime_ns = -5;
  stat.ctime_ns = 1'700'000'000'000'000'001;
  stat.mode = 0100640;
  stat.uid = 65534;
  stat.gid = 4294967295;
  stat.links = 3;
  FrameWriter writer;
  WriteStat(writer, stat);
  FrameReader reader(writer.Take());
  EXPECT_EQ(ReadStat(reader), stat);
  EXPECT_TRUE(reader.ok());
}

TEST(HelperWire, AnErrorKeepsItsKindItsNumberAndItsWords) {
  const auto answer = ReadAnswer(Failed(PosixError("cannot open", "x", EACCES)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kLocalDisk);
  EXPECT_EQ(answer.error().sys, EACCES);
  EXPECT_EQ(answer.error().message, PosixError("cannot open", "x", EACCES).message);
}

TEST(HelperWire, AnAnswerThatIsNoneIsAFaultOfOurs) {
  for (const std::string& frame : {std::string(), std::string("abc"), FrameWriter().Number(0).Number(1).Take()}) {
    const auto answer = ReadAnswer(frame);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::kBug);
  }
  const auto strange = ReadAnswer(FrameWriter().Number(0).Number(99).Number(5).Text("words").Take());
  ASSERT_FALSE(strange);
  EXPECT_EQ(strange.error().kind, ErrorKind::kBug);
}

}  // namespace
}  // namespace tegodrop
