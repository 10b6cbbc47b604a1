// SPDX-License-Identifier: Apache-2.0

import Testing

/// The walk goes one way: rooms import only what stands above them in the manifest.
@Suite("The arrows between the rooms")
struct ArrowsTests {
    @Test("the manifest lists the rooms floor by floor")
    func floorsAreInOrder() {
        var seen: Set<String> = []
        var violations: [String] = []
        let names = Set(Manifest.targets.map(\.name))
        for target in Manifest.targets {
            for dependency in target.dependencies where names.contains(dependency) && !seen.contains(dependency) {
                violations.append("\(target.name) depends on \(dependency), which is listed below it")
            }
            seen.insert(target.name)
        }
        expectNone(violations, "a target depends only on targets listed above it in Package.swift")
    }

    @Test("the manifest is read whole")
    func manifestIsRead() {
        #expect(Manifest.targets.count > 20)
        let commands = Manifest.targets.first { $0.name == "Commands" }
        #expect(commands?.dependencies.contains("ArgumentParser") == true)
        #expect(commands?.dependencies.contains("Runtime") == true)
    }

    @Test("a room imports only what its manifest entry names")
    func importsAreDeclared() {
        let declared = Dictionary(uniqueKeysWithValues: Manifest.targets.map { ($0.name, Set($0.dependencies)) })
        var violations: [String] = []
        for file in Repository.sources {
            let allowed = (declared[file.target] ?? []).union(Self.platform)
            for found in file.imports where !allowed.contains(found.module) {
                violations.append("\(file.path):\(found.line) imports \(found.module), unknown to Package.swift")
            }
        }
        expectNone(violations, "imports agree with the dependencies in Package.swift")
    }

    @Test("every folder under Sources is a target")
    func foldersAreTargets() {
        let names = Set(Manifest.targets.map(\.name))
        let folders = Set(Repository.sources.map(\.target))
        expectNone(folders.subtracting(names).sorted(), "a folder under Sources without a target in Package.swift")
    }

    /// Modules of the toolchain and the platform; which rooms may use them is the business of the fences.
    private static let platform: Set<String> = [
        "Swift", "Synchronization", "Glibc", "Darwin", "Foundation", "FoundationEssentials", "Dispatch", "RegexBuilder",
    ]
}
