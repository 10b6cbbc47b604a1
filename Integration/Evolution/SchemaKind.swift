// SPDX-License-Identifier: Apache-2.0

/// One kind of DDL in the middle of a stream, on a table of its own, and what must come of it.
struct SchemaKind {
    /// Whether records behind it fit into the files before it.
    enum Fit {
        /// They do.
        case always
        /// They do where numbers are written wide.
        case widened
        /// They do not.
        case never
    }

    /// The name of the table.
    let name: String
    /// Its columns.
    let columns: String
    /// The values of a row before it; the row's `id`, for which `#` stands, is 1 in the snapshot and 2 in the stream.
    let before: String
    /// What is done.
    let ddl: String
    /// The values of a row behind it, whose `id` is 3.
    let after: String
    /// What the anchor says of it: the kind of change and the column.
    let changes: [String]
    let fit: Fit
    /// The column that identifies rows for this test.
    var identity = "id"
    /// What else is made before it.
    var setting = ""
    /// The columns that are exported.
    var shown = "*"

    init(
        _ name: String, _ columns: String, _ before: String, _ ddl: String, _ after: String, _ changes: [String] = [],
        fit: Fit = .always, identity: String = "id", setting: String = "", shown: String = "*"
    ) {
        self.name = name
        self.columns = columns
        self.before = before
        self.ddl = ddl
        self.after = after
        self.changes = changes
        self.fit = fit
        self.identity = identity
        self.setting = setting
        self.shown = shown
    }

    var table: String { "public.\(name)" }

    /// Whether records behind it fit with this widening.
    func fits(widened: Bool) -> Bool { fit == .always || fit == .widened && widened }

    /// The table as it is made, with its first row.
    var creation: String {
        """
        \(setting);
        CREATE TABLE \(table) (id int PRIMARY KEY, \(columns));
        INSERT INTO \(table) VALUES (1, \(values(1)));
        """
    }

    /// The values of a row before it.
    func values(_ id: Int) -> String { before.replacing("#", with: String(id)) }

    static let all = columnKinds + factKinds + typeKinds + keyKinds + quietKinds

    /// Columns that come, go and are called otherwise.
    private static let columnKinds = [
        SchemaKind("add_nullable", "a int", "1", "ALTER TABLE add_nullable ADD b text", "3, 'x'", ["column-added b"]),
        SchemaKind(
            "add_default", "a int", "1", "ALTER TABLE add_default ADD b int NOT NULL DEFAULT 7", "3, 8",
            ["column-added b"]),
        SchemaKind(
            "add_volatile", "a int", "1", "ALTER TABLE add_volatile ADD b float8 DEFAULT random()", "3, 0.5",
            ["column-added b"]),
        SchemaKind(
            "add_generated", "a int", "1", "ALTER TABLE add_generated ADD b int GENERATED ALWAYS AS (a * 2) STORED",
            "3",
            shown: "id, a"),
        SchemaKind(
            "add_two", "a int", "1", "ALTER TABLE add_two ADD b date, ADD c json", "3, '2024-01-02', '{}'",
            ["column-added b", "column-added c"]),
        SchemaKind(
            "drop_column", "a int, b text", "1, 'x'", "ALTER TABLE drop_column DROP b", "3", ["column-dropped b"]),
        SchemaKind(
            "drop_and_add", "a int, b text", "1, 'x'",
            "ALTER TABLE drop_and_add DROP a; ALTER TABLE drop_and_add ADD a int",
            "'y', 3", ["column-dropped a", "column-added a"]),
        SchemaKind(
            "drop_and_add_last", "a int", "1",
            "ALTER TABLE drop_and_add_last DROP a; ALTER TABLE drop_and_add_last ADD a int", "3",
            ["column-dropped a", "column-added a"]),
        SchemaKind(
            "drop_and_add_other", "a int, b text", "1, 'x'",
            "ALTER TABLE drop_and_add_other DROP a; ALTER TABLE drop_and_add_other ADD a text", "'y', 'z'",
            ["column-dropped a", "column-added a"], fit: .never),
        SchemaKind(
            "renamed", "a int, b text", "1, 'x'", "ALTER TABLE renamed RENAME a TO c", "3, 'y'", ["column-renamed c"]),
        SchemaKind(
            "renamed_last", "a int", "1", "ALTER TABLE renamed_last RENAME a TO c", "3", ["column-renamed c"]),
        SchemaKind(
            "names_swapped", "a int, b int", "1, 2",
            """
            ALTER TABLE names_swapped RENAME a TO c; ALTER TABLE names_swapped RENAME b TO a;
            ALTER TABLE names_swapped RENAME c TO b
            """, "3, 4", ["column-renamed b", "column-renamed a"]),
        SchemaKind(
            "name_taken", "a int, b text", "1, 'x'",
            "ALTER TABLE name_taken DROP b; ALTER TABLE name_taken RENAME a TO b", "3",
            ["column-dropped b", "column-renamed b"], fit: .never),
    ]

    /// What only the catalog tells.
    private static let factKinds = [
        SchemaKind(
            "set_not_null", "a int", "1", "ALTER TABLE set_not_null ALTER a SET NOT NULL", "3",
            ["nullability-changed a"]),
        SchemaKind(
            "drop_not_null", "a int NOT NULL", "1", "ALTER TABLE drop_not_null ALTER a DROP NOT NULL", "NULL",
            ["nullability-changed a"]),
        SchemaKind(
            "label_added", "a mood_1", "'sad'", "ALTER TYPE mood_1 ADD VALUE 'glad'", "'glad'", ["labels-changed a"],
            setting: "CREATE TYPE mood_1 AS ENUM ('sad')"),
        SchemaKind(
            "label_renamed", "a mood_2", "'sad'", "ALTER TYPE mood_2 RENAME VALUE 'sad' TO 'blue'", "'blue'",
            ["labels-changed a"], setting: "CREATE TYPE mood_2 AS ENUM ('sad')"),
    ]

    /// Types.
    private static let typeKinds = [
        retyped("varchar_longer", "varchar(10)", "'x'", "varchar(20)", "'yyyyyyyyyyyyyyyy'", .always),
        retyped("varchar_to_text", "varchar(10)", "'x'", "text", "'y'", .always),
        retyped("json_to_jsonb", "json", "'{}'", "jsonb", "'[1]'", .always),
        retyped("enum_to_text", "mood_3", "'sad'", "text", "'gone'", .always, "CREATE TYPE mood_3 AS ENUM ('sad')"),
        retyped("text_to_domain", "text", "'x'", "word", "'y'", .always, "CREATE DOMAIN word AS text"),
        retyped("int2_to_int4", "int2", "1", "int4", "70000", .widened),
        retyped("int4_to_int8", "int4", "1", "int8", "5000000000", .widened),
        retyped("float4_to_float8", "float4", "0.1", "float8", "1e300", .widened),
        retyped("numeric_wider", "numeric(6,2)", "1.50", "numeric(30,2)", "123456789012345.25", .widened),
        retyped("numeric_scale", "numeric(6,2)", "1.50", "numeric(6,4)", "1.2345", .never),
        retyped("numeric_free", "numeric(6,2)", "1.50", "numeric", "1e40", .never),
        retyped("int_to_text", "int", "1", "text", "'y'", .never),
        retyped("text_to_int", "text", "'1'", "int USING a::int", "3", .never),
        retyped("int8_to_int4", "int8", "1", "int4", "3", .widened),
        retyped("to_zone", "timestamp", "'2024-01-02 03:04:05'", "timestamptz", "'2024-01-02 03:04:05+02'", .never),
        retyped("date_to_time", "date", "'2024-01-02'", "timestamp", "'2024-01-02 03:04:05'", .never),
        retyped("to_list", "int", "1", "int[] USING ARRAY[a]", "'{1,2}'", .never),
        retyped("bytes_to_text", "bytea", "'x'", "text USING encode(a, 'hex')", "'y'", .never),
    ]

    private static func retyped(
        _ name: String, _ old: String, _ before: String, _ new: String, _ after: String, _ fit: Fit,
        _ setting: String = ""
    ) -> SchemaKind {
        SchemaKind(
            name, "a \(old)", before, "ALTER TABLE \(name) ALTER a TYPE \(new)", after, ["type-changed a"], fit: fit,
            setting: setting)
    }

    /// What identifies rows.
    private static let keyKinds = [
        SchemaKind(
            "other_key", "a int NOT NULL", "#",
            "ALTER TABLE other_key DROP CONSTRAINT other_key_pkey; ALTER TABLE other_key ADD PRIMARY KEY (a)", "3",
            ["key-changed"], fit: .never),
        SchemaKind(
            "no_key", "a int", "1",
            "ALTER TABLE no_key DROP CONSTRAINT no_key_pkey; ALTER TABLE no_key REPLICA IDENTITY FULL", "3",
            ["key-changed"], fit: .never),
        SchemaKind(
            "key_renamed", "a int", "1", "ALTER TABLE key_renamed RENAME id TO number", "3",
            ["column-renamed number", "key-changed"], fit: .never, identity: "number"),
        SchemaKind(
            "other_identity", "a int NOT NULL UNIQUE", "#",
            "ALTER TABLE other_identity REPLICA IDENTITY USING INDEX other_identity_a_key", "3", ["key-changed"],
            fit: .never),
    ]

    /// What changes nothing that an export tells of.
    private static let quietKinds = [
        SchemaKind("full_identity", "a int", "1", "ALTER TABLE full_identity REPLICA IDENTITY FULL", "3"),
        SchemaKind("no_identity", "a int", "1", "ALTER TABLE no_identity REPLICA IDENTITY NOTHING", "3"),
        SchemaKind("default_set", "a int", "1", "ALTER TABLE default_set ALTER a SET DEFAULT 5", "3"),
        SchemaKind("checked", "a int", "1", "ALTER TABLE checked ADD CHECK (a > 0)", "3"),
        SchemaKind("indexed", "a int", "1", "CREATE INDEX ON indexed (a)", "3"),
        SchemaKind("remarked", "a int", "1", "COMMENT ON COLUMN remarked.a IS 'x'", "3"),
        SchemaKind(
            "stored_otherwise", "a text", "'x'", "ALTER TABLE stored_otherwise ALTER a SET STORAGE EXTERNAL", "'y'"),
    ]
}
