// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// The rooms of the house, floor by floor; a target imports only targets above it.
/// `HouseTests` reads the same arrows from the sources and compares.
let package = Package(
    name: "kedge",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "kedge", targets: ["kedge"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // Cellar: one C library each.
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        .systemLibrary(name: "CLibssl", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
        // Found without pkg-config: of its flags there is one that the package manager refuses, at every build.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),

        // Ground.
        .target(name: "Faults"),
        .target(name: "Bytes"),
        .target(name: "Threads"),
        .target(name: "RedisURI", dependencies: ["Faults"]),

        // Fences: the only importers of a C library or of the kernel's file calls.
        .target(name: "LibPQ", dependencies: ["CLibpq", "Faults", "Bytes"]),
        .target(name: "Sockets", dependencies: ["CLibssl", "Faults", "Bytes", "RedisURI"]),
        .target(name: "Hiredis", dependencies: ["CHiredis", "Faults", "Bytes", "RedisURI", "Sockets"]),
        .target(name: "Compression", dependencies: ["CZstd", "CZlib", "CSnappy", "Faults", "Bytes"]),
        .target(name: "Digests", dependencies: ["COpenSSL"]),
        .target(name: "DurableFiles", dependencies: ["Faults", "Bytes"]),

        // The walk, with the decoders, which are pure and fuzzable.
        .target(name: "Changelog", dependencies: ["Faults", "Bytes"]),
        .target(name: "SchemaEvolution", dependencies: ["Bytes", "Changelog"]),
        .target(name: "PgOutput", dependencies: ["Bytes"]),
        .target(name: "RedisRDB", dependencies: ["Bytes"]),
        .target(name: "PostgresValues", dependencies: ["Bytes", "Changelog"]),
        .target(
            name: "PostgresAdapter",
            dependencies: [
                "Faults", "Bytes", "Threads", "LibPQ", "DurableFiles", "PgOutput", "PostgresValues", "Changelog",
            ]
        ),
        .target(name: "RedisFacts", dependencies: ["Faults", "Hiredis"]),
        .target(name: "RedisState", dependencies: ["Faults", "Bytes", "RedisURI", "Hiredis", "RedisFacts"]),
        .target(name: "RedisCluster", dependencies: ["Faults", "RedisURI", "Hiredis"]),
        .target(
            name: "RedisKeyspace",
            dependencies: [
                "Faults", "Bytes", "Threads", "RedisURI", "Sockets", "Hiredis", "RedisFacts", "RedisState",
                "RedisCluster", "DurableFiles", "Changelog", "RedisRDB",
            ]),
        .target(
            name: "RedisStreams",
            dependencies: [
                "Faults", "Bytes", "Threads", "RedisURI", "Hiredis", "Changelog", "RedisFacts", "RedisCluster",
            ]
        ),
        .target(name: "Anchors", dependencies: ["Faults", "Bytes", "Digests", "DurableFiles", "Changelog"]),
        .target(
            name: "Metastore",
            dependencies: [
                "Faults", "Bytes", "Digests", "DurableFiles", "Changelog", "Anchors",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]
        ),
        .target(
            name: "Export",
            dependencies: ["Faults", "Bytes", "Digests", "Compression", "Changelog", "SchemaEvolution", "Anchors"]
        ),
        .target(name: "NDJSONFormat", dependencies: ["Faults", "Bytes", "Changelog", "Export"]),
        .target(
            name: "ParquetFormat",
            dependencies: ["Faults", "Bytes", "Compression", "Changelog", "Anchors", "Export", "NDJSONFormat"]),
        .target(
            name: "ParquetReading",
            dependencies: [
                "Faults", "Bytes", "Compression", "DurableFiles", "Changelog", "Anchors", "Export", "NDJSONFormat",
                "ParquetFormat",
            ]),
        .target(
            name: "DeltaLake",
            dependencies: [
                "Faults", "Bytes", "Digests", "DurableFiles", "Changelog", "Anchors", "Export", "ParquetFormat",
                "ParquetReading",
            ]),
        .target(name: "Sinks", dependencies: ["Faults", "Bytes", "DurableFiles", "Changelog", "Anchors", "Export"]),

        // Roof.
        .target(
            name: "Runtime",
            dependencies: ["Faults", "Bytes", "Threads", "Changelog", "Anchors", "Export"]
        ),
        .target(
            name: "Verification",
            dependencies: [
                "Faults", "Bytes", "Digests", "Compression", "DurableFiles", "Changelog", "Anchors", "Export",
                "ParquetReading", "DeltaLake",
            ]
        ),

        // Door: the only room that knows every other.
        .target(
            name: "Commands",
            dependencies: [
                "Faults", "Bytes", "Threads", "LibPQ", "Compression", "Digests", "DurableFiles", "Changelog",
                "SchemaEvolution", "Hiredis", "PostgresAdapter", "RedisURI", "RedisFacts", "RedisCluster", "RedisState",
                "RedisStreams",
                "RedisKeyspace", "Anchors", "Metastore", "Export", "NDJSONFormat", "ParquetFormat", "ParquetReading",
                "DeltaLake", "Sinks", "Runtime", "Verification",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),
        .executableTarget(name: "kedge", dependencies: ["Commands"]),

        // Tests, floor by floor.
        .target(
            name: "TestSupport",
            dependencies: ["Faults", "Bytes", "Digests", "DurableFiles", "Changelog", "Anchors", "Export"],
            path: "Tests/TestSupport"
        ),
        .testTarget(
            name: "DeltaLakeTests",
            dependencies: [
                "DeltaLake", "Faults", "Bytes", "Digests", "DurableFiles", "Changelog", "Anchors", "Export",
                "ParquetFormat", "ParquetReading", "TestSupport",
            ]),
        .testTarget(name: "BytesTests", dependencies: ["Bytes"]),
        .testTarget(name: "DurableFilesTests", dependencies: ["DurableFiles", "Faults", "Bytes", "TestSupport"]),
        .testTarget(
            name: "CompressionTests", dependencies: ["Compression", "Digests", "Bytes", "Faults", "TestSupport"]),
        .testTarget(name: "ChangelogTests", dependencies: ["Changelog", "Bytes"]),
        .testTarget(name: "SchemaEvolutionTests", dependencies: ["SchemaEvolution", "Changelog", "Bytes"]),
        .testTarget(name: "PgOutputTests", dependencies: ["PgOutput", "Bytes"]),
        .testTarget(
            name: "RedisKeyspaceTests",
            dependencies: [
                "RedisKeyspace", "RedisFacts", "RedisCluster", "RedisState", "RedisRDB", "Hiredis", "Sockets",
                "RedisURI",
                "DurableFiles",
                "Changelog", "Threads",
                "Bytes", "Faults", "TestSupport",
            ]),
        .testTarget(name: "RedisRDBTests", dependencies: ["RedisRDB", "Bytes"], exclude: ["Fixtures"]),
        .testTarget(name: "PostgresValuesTests", dependencies: ["PostgresValues", "Changelog", "Bytes"]),
        .testTarget(
            name: "PostgresAdapterTests",
            dependencies: [
                "PostgresAdapter", "PgOutput", "PostgresValues", "LibPQ", "Changelog", "Bytes", "Faults", "TestSupport",
            ]),
        .testTarget(
            name: "AnchorsTests",
            dependencies: ["Anchors", "Changelog", "Digests", "DurableFiles", "Faults", "Bytes", "TestSupport"]),
        .testTarget(
            name: "MetastoreTests",
            dependencies: [
                "Metastore", "Anchors", "Bytes", "Changelog", "Digests", "DurableFiles", "Faults", "TestSupport",
            ]),
        .testTarget(
            name: "ExportTests",
            dependencies: [
                "Export", "Anchors", "NDJSONFormat", "Compression", "Digests", "Changelog", "Bytes", "Faults",
                "TestSupport",
            ]),
        .testTarget(
            name: "NDJSONFormatTests",
            dependencies: ["NDJSONFormat", "Export", "Changelog", "Bytes", "Faults", "TestSupport"],
            exclude: ["Golden"]),
        .testTarget(
            name: "ParquetFormatTests",
            dependencies: [
                "ParquetFormat", "ParquetReading", "NDJSONFormat", "Export", "Anchors", "Compression", "DurableFiles",
                "Changelog", "Bytes", "Faults", "TestSupport",
            ]),
        .testTarget(
            name: "SinksTests",
            dependencies: ["Sinks", "Anchors", "DurableFiles", "Bytes", "Export", "Faults", "TestSupport"]),
        .testTarget(
            name: "RuntimeTests",
            dependencies: [
                "Runtime", "Threads", "Export", "Compression", "Digests", "Anchors", "Changelog", "NDJSONFormat",
                "Bytes",
                "Faults", "TestSupport",
            ]),
        .testTarget(
            name: "VerificationTests",
            dependencies: [
                "Verification", "Anchors", "Export", "Sinks", "NDJSONFormat", "Changelog", "Bytes", "Compression",
                "Digests", "DurableFiles", "Faults", "TestSupport",
            ]),
        .testTarget(
            name: "CommandsTests",
            dependencies: [
                "Commands", "PostgresAdapter", "RedisStreams", "RedisURI", "Runtime", "Changelog", "Faults",
                "TestSupport",
            ]),
        .testTarget(name: "FaultsTests", dependencies: ["Faults"]),
        .testTarget(name: "ThreadsTests", dependencies: ["Threads"]),
        .testTarget(name: "LibPQTests", dependencies: ["LibPQ", "Faults"]),
        .testTarget(name: "RedisURITests", dependencies: ["RedisURI", "Faults"]),
        .testTarget(name: "SocketsTests", dependencies: ["Sockets", "RedisURI", "Bytes", "Faults"]),
        .testTarget(name: "HiredisTests", dependencies: ["Hiredis", "Sockets", "RedisURI", "Bytes", "Faults"]),
        .testTarget(name: "RedisFactsTests", dependencies: ["RedisFacts"]),
        .testTarget(name: "RedisStateTests", dependencies: ["RedisState", "Hiredis", "Faults"]),
        .testTarget(name: "RedisClusterTests", dependencies: ["RedisCluster", "RedisURI", "Faults"]),
        .testTarget(
            name: "RedisStreamsTests",
            dependencies: ["RedisStreams", "RedisFacts", "Hiredis", "Changelog", "Bytes", "Faults"]),
        .testTarget(name: "HouseTests", dependencies: ["Faults"]),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "Faults", "LibPQ", "Changelog", "PostgresValues", "PostgresAdapter", "NDJSONFormat", "ParquetFormat",
                "ParquetReading",
                "Compression", "Export", "Bytes",
                "RedisURI", "Sockets", "Hiredis", "RedisFacts", "RedisCluster", "RedisStreams", "RedisKeyspace",
                "TestSupport",
            ],
            path: "Integration", exclude: ["Benchmarks", "scripts"]),
    ]
)

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .swiftLanguageMode(.v6),
        .strictMemorySafety(),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableExperimentalFeature("Lifetimes"),
    ]
}
