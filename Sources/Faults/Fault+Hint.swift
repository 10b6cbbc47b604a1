// SPDX-License-Identifier: Apache-2.0

extension Fault.Code {
    /// What to do about it, when the fault itself knows nothing more exact.
    public var hint: String {
        switch self {
        case .usage: "see `kedge help`"
        case .settingInvalid, .settingUnknown: "`kedge config show` prints every setting and where its value comes from"
        case .configUnreadable: "check the path given with --config and that the file is YAML"
        case .postgresUnreachable: "check host, port and network; the run can simply be started again"
        case .postgresRefused: "check the connection string, pg_hba.conf and TLS settings"
        case .postgresPermission: "grant what `kedge doctor` lists"
        case .postgresQuery: "the server refused a statement of kedge; `kedge doctor` may say why"
        case .postgresEncoding: "mend the value, or leave the table or column out"
        case .postgresProtocol: "this is a bug in kedge or in the server: please report it with the detail above"
        case .postgresVersion: "kedge supports PostgreSQL 13 and later, and standbys from 16 on"
        case .postgresServerChanged: "name one server in --source, not a balancer; the run can simply be started again"
        case .postgresStandbyBehind: "wait until the standby has replayed more of the log, or name the primary"
        case .postgresConfiguration: "change the server's setting as said above and restart it"
        case .postgresSynchronous: "exclude kedge's application_name from synchronous_standby_names"
        case .postgresRowSecurity: "use a role with BYPASSRLS, or exclude the table with --exclude-tables"
        case .postgresPublicationMissing: "create it, or let kedge create it by leaving out --no-create"
        case .postgresPublicationIncomplete: "ALTER PUBLICATION … ADD TABLE, or leave the table out of --tables"
        case .postgresTableMissing: "check --tables; patterns are schema.table with * and ?, case counts"
        case .postgresTableRewritten:
            "read the tables again with --on-rewrite resnapshot-table, or go on without with --on-rewrite warn"
        case .postgresTableUnsafe: "leave the table out with --exclude-tables"
        case .postgresReplicaIdentity:
            "ALTER TABLE … REPLICA IDENTITY FULL (or add a primary key), or leave it out with --exclude-tables"
        case .postgresColumnReserved: "export under another prefix with --column-prefix"
        case .postgresSlotMissing: "take a new snapshot with --resnapshot"
        case .postgresSlotActive: "another process reads this slot; wait for it or stop it"
        case .postgresSlotInvalid: "the slot can never be read again; take a new snapshot with --resnapshot"
        case .postgresSlotForeign: "name another slot with --slot"
        case .postgresSlotTimeout: "end the transactions named above, or allow more time with --slot-timeout"
        case .postgresSlotNoRoom: "raise max_replication_slots or max_wal_senders, or drop unused slots"
        case .postgresSnapshotLost: "start the run again: a new snapshot is taken"
        case .postgresSnapshotRewritten: "start the run again when no DDL is running"
        case .postgresSnapshotImpossible: "let kedge create the slot, or start without a snapshot with --snapshot none"
        case .postgresToastUnknown:
            "set REPLICA IDENTITY FULL on the table, or accept unknown values with --toast unknown"
        case .postgresPreparedMissing:
            "put the folder back, or take a new snapshot with --resnapshot"
        case .redisPayload: "nothing was published; check the dump with redis-check-rdb, and report this if it is whole"
        case .redisSpoolFull:
            "start the run again: it goes on from the last anchor; a faster destination or a larger --spool-bytes prevents it"
        case .redisNoReplication: "export streams by name instead, with --streams, or keys by passes, with --mode scan"
        case .redisReplicationVersion: "begin with a snapshot, or upgrade the server"
        case .redisUnreachable: "check host, port and network; the run can simply be started again"
        case .redisNotReady: "wait until the server has loaded its data and has its master; start the run again"
        case .redisRefused: "check user and password in --source: redis://user:password@host"
        case .redisPermission: "grant what the detail names with ACL SETUSER"
        case .redisUnverified:
            "name the authority that signed the certificate with ?cafile=, and the host as the certificate does"
        case .redisTLS: "check that the port speaks TLS, and whether the server asks for ?cert= and ?key="
        case .redisCommand: "the server refused a command of kedge; the detail says why"
        case .redisProtocol: "check that the port is one of Redis; if it is, please report this with the detail above"
        case .redisMasterUnknown: "check the name before the @: redis+sentinel://name@host,host"
        case .redisCluster: "name the whole cluster: redis+cluster://host:port,host:port"
        case .redisReadOnly: "the server is a replica; name its master"
        case .redisStreamGap: "go on and let the chain record it with --on-gap record"
        case .redisStreamType: "name streams in --streams; `kedge plan` shows those that there are"
        case .redisStreamName: "rename one of the keys, or leave it out of --streams"
        case .redisGroupMissing: "create it with XGROUP CREATE, or let kedge create it with --create-group"
        case .sourceGap:
            "changes are missing: go on without them with --accept-gap, or take a new snapshot with --resnapshot"
        case .sourceFork:
            "exported changes no longer exist at the source: go on with --accept-gap, or take a new snapshot with --resnapshot"
        case .sourceOther: "this is not the server that the export was made from; check --source and --to"
        case .schemaIncompatible:
            "let its records go on in a table of their own with --on-incompatible new-table, or set them aside with --on-incompatible quarantine; the next run goes on from exactly here"
        case .tableReserved: "rename the table, or leave it out with --exclude-tables"
        case .exportMissing: "check --to; `kedge run` creates an export"
        case .exportExists: "name an empty or a new folder with --to"
        case .exportFormat: "use a version of kedge that knows this format"
        case .exportBroken: "run `kedge verify` and restore the file that it names"
        case .exportBusy: "wait for the other run to end; nothing was changed"
        case .exportOverwrite: "another run has published meanwhile; nothing was overwritten"
        case .tableMissing: "`kedge status --to …` lists the tables of the export"
        case .anchorMissing: "`kedge anchors list --to …` lists the anchors"
        case .deltaSchema: "go on with --delta off, or export the table under another name"
        case .deltaLog: "remove the folder _delta_log of the table: the next run makes it anew from the chain"
        case .deltaUnsupported: "take back what another engine has set, or go on with --delta off"
        case .deltaConflict: "run it again: it goes on with the table as it is then"
        case .verificationFailed: "the export is not what was published; restore the files named above"
        case .fileCreate, .fileWrite, .fileRead: "check the path and the disk"
        case .filePermission: "grant the user that runs kedge access to the path"
        case .diskFull: "free some space; the next run goes on from the last anchor"
        case .stopped: "nothing was published; start the run again to begin anew"
        case .crashPoint: "this is a test: the crash was asked for"
        case .bug, .unexpected: "please report this"
        }
    }
}
