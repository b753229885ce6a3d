// What a power cut takes back of a folder, and what not.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/fakes/power_cut_file_system.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/seeded_random.h"

namespace tegodrop::testing {
namespace {

namespace files = std::filesystem;

class Place {
 public:
  Place() {
    files::create_directory(scratch_.Path("tree"));
    dir = Open("");
  }
  std::string Path(const std::string& name) const { return scratch_.Path("tree/" + name); }
  Fd Open(const std::string& name) {
    auto folder = fs.OpenFolder(Path(name));
    EXPECT_TRUE(folder);
    return folder ? std::move(*folder) : Fd();
  }
  void Put(const std::string& name, const std::string& content) const { std::ofstream(Path(name)) << content; }
  // A new file with this content, written in two halves, open.
  Fd Write(const std::string& name, const std::string& content) {
    auto file = fs.CreateAt(dir.get(), name, 0600);
    EXPECT_TRUE(file);
    const std::size_t half = content.size() / 2;
    EXPECT_TRUE(fs.WriteAt(file->get(), content.data(), half, 0));
    EXPECT_TRUE(fs.WriteAt(file->get(), content.data() + half, content.size() - half, half));
    return std::move(*file);
  }
  void WriteDurably(const std::string& name, const std::string& content) {
    const Fd file = Write(name, content);
    EXPECT_TRUE(fs.Sync(file.get()));
    EXPECT_TRUE(fs.SyncFolder(dir.get()));
  }
  // What stands under the name: its content, "folder", or "none".
  std::string At(const std::string& name) const {
    if (!files::exists(Path(name))) return "none";
    if (files::is_directory(Path(name))) return "folder";
    std::ifstream file(Path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::unique_ptr<FileSystem> real_ = MakePosixFileSystem();
  ScratchFolder scratch_ = ScratchFolder::InMemory();

 public:
  PowerCutFileSystem fs{*real_, scratch_.Path("aside")};
  Fd dir;
};

// What cuts by many seeds leave of the same work: each state once.
std::set<std::string> States(const std::function<void(Place&)>& work, const std::function<std::string(Place&)>& look) {
  std::set<std::string> states;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Place place;
    work(place);
    SeededRandom random(seed);
    place.fs.Cut(random);
    EXPECT_EQ(place.fs.pending(), 0U);
    states.insert(look(place));
  }
  return states;
}

std::set<std::string> StatesOf(const std::function<void(Place&)>& work, const std::vector<std::string>& names) {
  return States(work, [&](Place& place) {
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : " ") + place.At(name);
    return all;
  });
}

using Set = std::set<std::string>;

TEST(PowerCutTest, WhatIsSyncedStays) {
  const auto work = [](Place& place) {
    place.WriteDurably("a", "content");
    EXPECT_EQ(place.fs.pending(), 0U);
  };
  EXPECT_EQ(StatesOf(work, {"a"}), Set{"content"});
}

TEST(PowerCutTest, AFileWithoutASyncMayBeEmptyPartlyThereFullOfZerosOrGone) {
  const auto work = [](Place& place) { place.Write("a", "content"); };
  const Set states = StatesOf(work, {"a"});
  for (const std::string& state : {std::string("none"), std::string(), std::string("con"), std::string("content"),
                                   std::string("\0\0\0tent", 7), std::string(7, '\0')}) {
    EXPECT_TRUE(states.contains(state)) << state;
  }
}

TEST(PowerCutTest, ASyncedFileWhoseFolderIsNotSyncedIsWholeOrGone) {
  const auto work = [](Place& place) { EXPECT_TRUE(place.fs.Sync(place.Write("a", "content").get())); };
  EXPECT_EQ(StatesOf(work, {"a"}), (Set{"content", "none"}));
}

TEST(PowerCutTest, AnUnsyncedFileUnderASyncedNameHasTheNameAlone) {
  const auto work = [](Place& place) {
    place.Write("a", "content");
    EXPECT_TRUE(place.fs.SyncFolder(place.dir.get()));
  };
  const Set states = StatesOf(work, {"a"});
  EXPECT_TRUE(states.contains(""));
  EXPECT_FALSE(states.contains("none"));
}

TEST(PowerCutTest, WritesOverSyncedOnesMayBeUndone) {
  const auto work = [](Place& place) {
    place.WriteDurably("a", "old text");
    const Fd file(open(place.Path("a").c_str(), O_RDWR));
    EXPECT_TRUE(place.fs.WriteAt(file.get(), "NEW", 3, 0));
    EXPECT_TRUE(place.fs.WriteAt(file.get(), "TEXT and more", 13, 4));
  };
  const Set states = StatesOf(work, {"a"});
  EXPECT_TRUE(states.contains("old text"));
  EXPECT_TRUE(states.contains("NEW text"));
  EXPECT_TRUE(states.contains("NEW TEXT and more"));
  EXPECT_TRUE(states.contains("old TEXT and more"));
  for (const std::string& state : states) EXPECT_GE(state.size(), 8U) << "what was synced is not lost";
}

TEST(PowerCutTest, AMoveIsDoneOrNotUntilItsTargetsFolderIsSynced) {
  const auto make = [](Place& place) {
    files::create_directory(place.Path("to"));
    place.WriteDurably("a", "content");
    EXPECT_TRUE(place.fs.MoveAt(place.dir.get(), "a", place.Open("to").get(), "b"));
  };
  EXPECT_EQ(StatesOf(make, {"a", "to/b"}), (Set{"content none", "none content"}));
  const auto source = [&](Place& place) {
    make(place);
    EXPECT_TRUE(place.fs.SyncFolder(place.dir.get()));
  };
  EXPECT_EQ(StatesOf(source, {"a", "to/b"}), (Set{"content none", "none content"}));
  const auto target = [&](Place& place) {
    make(place);
    EXPECT_TRUE(place.fs.SyncFolder(place.Open("to").get()));
  };
  EXPECT_EQ(StatesOf(target, {"a", "to/b"}), Set{"none content"});
}

TEST(PowerCutTest, AReplacedFileIsBackWithItsContentWhereTheRenameIsUndone) {
  const auto work = [](Place& place) {
    place.WriteDurably("a", "old");
    place.WriteDurably("b", "new");
    EXPECT_TRUE(place.fs.RenameAt(place.dir.get(), "b", place.dir.get(), "a"));
  };
  EXPECT_EQ(StatesOf(work, {"a", "b"}), (Set{"old new", "new none"}));
}

TEST(PowerCutTest, ARemovedNameMayBeBackUntilItsFolderIsSynced) {
  const auto work = [](Place& place) {
    place.WriteDurably("a", "content");
    EXPECT_TRUE(place.fs.RemoveAt(place.dir.get(), "a"));
  };
  EXPECT_EQ(StatesOf(work, {"a"}), (Set{"none", "content"}));
  const auto synced = [&](Place& place) {
    work(place);
    EXPECT_TRUE(place.fs.SyncFolder(place.dir.get()));
  };
  EXPECT_EQ(StatesOf(synced, {"a"}), Set{"none"});
}

TEST(PowerCutTest, AFolderThatIsLostTakesItsContentAlong) {
  const auto work = [](Place& place) {
    place.WriteDurably("a", "content");
    EXPECT_TRUE(place.fs.MakeFolderAt(place.dir.get(), "to", 0700));
    const Fd to = place.Open("to");
    EXPECT_TRUE(place.fs.MoveAt(place.dir.get(), "a", to.get(), "a"));
    EXPECT_TRUE(place.fs.SyncFolder(to.get()));
  };
  EXPECT_EQ(StatesOf(work, {"to", "to/a", "a"}), (Set{"folder content none", "none none none"}));
  const auto synced = [&](Place& place) {
    work(place);
    EXPECT_TRUE(place.fs.SyncFolder(place.dir.get()));
  };
  EXPECT_EQ(StatesOf(synced, {"to", "to/a", "a"}), Set{"folder content none"});
}

TEST(PowerCutTest, AFolderThatWasRemovedIsBackWithWhatWasRemovedOfIt) {
  const auto work = [](Place& place) {
    files::create_directory(place.Path("sub"));
    place.Put("sub/a", "content");
    EXPECT_TRUE(place.fs.RemoveAt(place.Open("sub").get(), "a"));
    EXPECT_TRUE(place.fs.RemoveFolderAt(place.dir.get(), "sub"));
  };
  EXPECT_EQ(StatesOf(work, {"sub", "sub/a"}), (Set{"none none", "folder none", "folder content"}));
}

TEST(PowerCutTest, AModeMayBeTheOldOneUntilTheFileIsSynced) {
  const auto mode = [](Place& place) {
    return std::to_string(files::status(place.Path("a")).permissions() == files::perms{0640});
  };
  const auto work = [](Place& place) {
    place.WriteDurably("a", "content");
    const Fd file(open(place.Path("a").c_str(), O_RDWR));
    EXPECT_TRUE(place.fs.SetModeAndGroup(file.get(), 0640, getgid()));
  };
  EXPECT_EQ(States(work, mode), (Set{"0", "1"}));
  const auto synced = [&](Place& place) {
    work(place);
    EXPECT_TRUE(place.fs.Sync(Fd(open(place.Path("a").c_str(), O_RDWR)).get()));
  };
  EXPECT_EQ(States(synced, mode), Set{"1"});
}

TEST(PowerCutTest, WhatOthersDoMeanwhileStays) {
  const auto work = [](Place& place) {
    EXPECT_TRUE(place.fs.Sync(place.Write("a", "content").get()));
    EXPECT_TRUE(place.fs.MoveAt(place.dir.get(), "a", place.dir.get(), "b"));
    place.Put("theirs", "another's");
    files::rename(place.Path("theirs"), place.Path("a"));
  };
  for (const std::string& state : StatesOf(work, {"a"})) EXPECT_EQ(state, "another's");
}

TEST(PowerCutTest, TheDeadChangeNothing) {
  Place place;
  place.WriteDurably("a", "content");
  place.fs.Die();
  EXPECT_FALSE(place.fs.RemoveAt(place.dir.get(), "a"));
  EXPECT_FALSE(place.fs.CreateAt(place.dir.get(), "b", 0600));
  EXPECT_FALSE(place.fs.StatAt(place.dir.get(), "a"));
  SeededRandom random;
  place.fs.Cut(random);
  EXPECT_EQ(place.At("a"), "content");
  EXPECT_EQ(place.At("b"), "none");
  EXPECT_TRUE(place.fs.RemoveAt(place.dir.get(), "a"));
}

}  // namespace
}  // namespace tegodrop::testing
