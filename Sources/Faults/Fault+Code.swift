// SPDX-License-Identifier: Apache-2.0

extension Fault {
    /// The catalogue of all ways to fail. Each has its entry in `docs/manual/faults.md`; a test checks that.
    public enum Code: String, CaseIterable, Sendable {
        // The command line and its settings.
        case usage = "usage"
        case settingInvalid = "config.invalid"
        case settingUnknown = "config.unknown"
        case configUnreadable = "config.unreadable"

        // The source.
        case postgresUnreachable = "postgres.unreachable"
        case postgresRefused = "postgres.refused"
        case postgresPermission = "postgres.permission"
        case postgresQuery = "postgres.query"
        case postgresEncoding = "postgres.encoding"
        case postgresProtocol = "postgres.protocol"
        case postgresVersion = "postgres.version"
        case postgresServerChanged = "postgres.server.changed"
        case postgresStandbyBehind = "postgres.standby.behind"
        case postgresConfiguration = "postgres.configuration"
        case postgresSynchronous = "postgres.synchronous"
        case postgresRowSecurity = "postgres.row-security"
        case postgresPublicationMissing = "postgres.publication.missing"
        case postgresPublicationIncomplete = "postgres.publication.incomplete"
        case postgresTableMissing = "postgres.table.missing"
        case postgresTableRewritten = "postgres.table.rewritten"
        case postgresTableUnsafe = "postgres.table.unsafe"
        case postgresReplicaIdentity = "postgres.table.replica-identity"
        case postgresColumnReserved = "postgres.column.reserved"
        case postgresSlotMissing = "postgres.slot.missing"
        case postgresSlotActive = "postgres.slot.active"
        case postgresSlotInvalid = "postgres.slot.invalid"
        case postgresSlotForeign = "postgres.slot.foreign"
        case postgresSlotTimeout = "postgres.slot.timeout"
        case postgresSlotNoRoom = "postgres.slot.no-room"
        case postgresSnapshotLost = "postgres.snapshot.lost"
        case postgresSnapshotRewritten = "postgres.snapshot.rewritten"
        case postgresSnapshotImpossible = "postgres.snapshot.impossible"
        case postgresToastUnknown = "postgres.toast.unknown"
        case postgresPreparedMissing = "postgres.prepared.missing"
        case redisPayload = "redis.payload"
        case redisSpoolFull = "redis.spool.full"
        case redisNoReplication = "redis.replication.missing"
        case redisReplicationVersion = "redis.replication.version"
        case redisUnreachable = "redis.unreachable"
        case redisNotReady = "redis.not-ready"
        case redisRefused = "redis.refused"
        case redisPermission = "redis.permission"
        case redisUnverified = "redis.tls.unverified"
        case redisTLS = "redis.tls.failed"
        case redisCommand = "redis.command"
        case redisProtocol = "redis.protocol"
        case redisCluster = "redis.cluster"
        case redisMasterUnknown = "redis.master.unknown"
        case redisReadOnly = "redis.read-only"
        case redisStreamGap = "redis.stream.gap"
        case redisStreamType = "redis.stream.type"
        case redisStreamName = "redis.stream.name"
        case redisGroupMissing = "redis.group.missing"
        case sourceGap = "source.gap"
        case sourceFork = "source.fork"
        case sourceOther = "source.other"

        // The export.
        case exportMissing = "export.missing"
        case exportExists = "export.exists"
        case exportFormat = "export.format"
        case exportBroken = "export.broken"
        case exportBusy = "export.busy"
        case exportOverwrite = "export.overwrite"
        case tableMissing = "export.table.missing"
        case anchorMissing = "export.anchor.missing"
        case verificationFailed = "verify.failed"

        // Delta tables.
        case deltaSchema = "delta.schema"
        case deltaLog = "delta.log"
        case deltaUnsupported = "delta.unsupported"
        case deltaConflict = "delta.conflict"

        // The disk.
        case fileCreate = "file.create"
        case fileWrite = "file.write"
        case fileRead = "file.read"
        case filePermission = "file.permission"
        case diskFull = "file.disk-full"

        // Ourselves.
        case stopped = "run.stopped"
        case crashPoint = "test.crash-point"
        case bug = "bug"
        case unexpected = "unexpected"
    }

    /// Who can do something about a fault.
    public enum Remedy: Equatable, Sendable {
        /// The same call may go through later.
        case retry
        /// A person has to change something first.
        case ask
        /// A bug in kedge.
        case report
    }
}

extension Fault.Code {
    /// The exit status of the process, from `sysexits` where one fits; see the table in `docs/manual/exit-status.md`.
    public var exitStatus: Int32 {
        switch self {
        case .unexpected: 1
        case .usage: 2
        case .verificationFailed, .exportBroken, .exportFormat, .postgresToastUnknown, .postgresEncoding: 65
        case .postgresPublicationMissing, .postgresPublicationIncomplete, .postgresTableMissing,
            .postgresTableRewritten, .postgresSlotMissing,
            .postgresSlotInvalid, .postgresSlotForeign, .postgresPreparedMissing, .postgresSnapshotRewritten,
            .redisStreamGap, .redisStreamType, .redisGroupMissing, .sourceGap, .sourceFork,
            .sourceOther, .exportMissing, .tableMissing, .anchorMissing:
            66
        case .postgresUnreachable, .postgresServerChanged, .postgresStandbyBehind, .postgresSlotTimeout,
            .postgresSnapshotLost, .redisUnreachable, .redisNotReady:
            69
        case .postgresProtocol, .postgresQuery, .redisProtocol, .redisCommand, .exportOverwrite, .crashPoint, .bug: 70
        case .fileCreate, .exportExists: 73
        case .fileWrite, .fileRead, .diskFull: 74
        case .redisPayload, .deltaLog: 65
        case .redisNoReplication, .redisReplicationVersion: 78
        case .redisSpoolFull: 75
        case .exportBusy, .postgresSlotActive, .postgresSlotNoRoom, .stopped, .deltaConflict: 75
        case .postgresRefused, .postgresPermission, .postgresRowSecurity, .redisRefused, .redisPermission,
            .redisUnverified, .redisTLS, .filePermission:
            77
        case .settingInvalid, .settingUnknown, .configUnreadable, .postgresVersion, .postgresConfiguration,
            .postgresSynchronous, .postgresTableUnsafe, .postgresReplicaIdentity, .postgresColumnReserved,
            .postgresSnapshotImpossible, .deltaSchema, .deltaUnsupported, .redisCluster, .redisMasterUnknown,
            .redisReadOnly,
            .redisStreamName:
            78
        }
    }

    /// Who can do something about it. Retry is narrow: what a moment later may well go through.
    public var remedy: Fault.Remedy {
        switch self {
        case .postgresUnreachable, .postgresServerChanged, .postgresStandbyBehind, .postgresSnapshotLost, .exportBusy,
            .postgresSlotActive, .postgresSlotTimeout, .redisUnreachable, .redisNotReady:
            .retry
        case .postgresProtocol, .redisProtocol, .bug, .unexpected: .report
        default: .ask
        }
    }
}
