// SPDX-License-Identifier: Apache-2.0

extension TypeDictionary {
    /// The stock types: number, name in `pg_catalog`, kind, and what the kind needs.
    ///
    /// Numbers below 10000 never change meaning between releases. Printed by PostgreSQL 15 (`psql -AtF ' '`):
    ///
    /// ```sql
    /// SELECT t.oid, t.typname,
    ///        CASE WHEN t.typname IN ('int2vector', 'oidvector') THEN 'vector ' || t.typelem
    ///             WHEN t.typsubscript = 'array_subscript_handler'::regproc THEN format('array %s %s', t.typelem, t.typdelim)
    ///             WHEN t.typtype = 'r' THEN 'range' WHEN t.typtype = 'm' THEN 'multirange'
    ///             WHEN t.typtype = 'p' THEN 'pseudo' ELSE 'base' END
    /// FROM pg_type t
    /// WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.oid < 10000 AND t.typtype <> 'c'
    ///   AND t.typrelid = 0 AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typtype = 'c')
    /// ORDER BY t.oid;
    /// ```
    static let stockTable = """
        16 bool base
        17 bytea base
        18 char base
        19 name base
        20 int8 base
        21 int2 base
        22 int2vector vector 21
        23 int4 base
        24 regproc base
        25 text base
        26 oid base
        27 tid base
        28 xid base
        29 cid base
        30 oidvector vector 26
        32 pg_ddl_command pseudo
        114 json base
        142 xml base
        143 _xml array 142 ,
        194 pg_node_tree base
        199 _json array 114 ,
        269 table_am_handler pseudo
        271 _xid8 array 5069 ,
        325 index_am_handler pseudo
        600 point base
        601 lseg base
        602 path base
        603 box base
        604 polygon base
        628 line base
        629 _line array 628 ,
        650 cidr base
        651 _cidr array 650 ,
        700 float4 base
        701 float8 base
        705 unknown pseudo
        718 circle base
        719 _circle array 718 ,
        774 macaddr8 base
        775 _macaddr8 array 774 ,
        790 money base
        791 _money array 790 ,
        829 macaddr base
        869 inet base
        1000 _bool array 16 ,
        1001 _bytea array 17 ,
        1002 _char array 18 ,
        1003 _name array 19 ,
        1005 _int2 array 21 ,
        1006 _int2vector array 22 ,
        1007 _int4 array 23 ,
        1008 _regproc array 24 ,
        1009 _text array 25 ,
        1010 _tid array 27 ,
        1011 _xid array 28 ,
        1012 _cid array 29 ,
        1013 _oidvector array 30 ,
        1014 _bpchar array 1042 ,
        1015 _varchar array 1043 ,
        1016 _int8 array 20 ,
        1017 _point array 600 ,
        1018 _lseg array 601 ,
        1019 _path array 602 ,
        1020 _box array 603 ;
        1021 _float4 array 700 ,
        1022 _float8 array 701 ,
        1027 _polygon array 604 ,
        1028 _oid array 26 ,
        1033 aclitem base
        1034 _aclitem array 1033 ,
        1040 _macaddr array 829 ,
        1041 _inet array 869 ,
        1042 bpchar base
        1043 varchar base
        1082 date base
        1083 time base
        1114 timestamp base
        1115 _timestamp array 1114 ,
        1182 _date array 1082 ,
        1183 _time array 1083 ,
        1184 timestamptz base
        1185 _timestamptz array 1184 ,
        1186 interval base
        1187 _interval array 1186 ,
        1231 _numeric array 1700 ,
        1263 _cstring array 2275 ,
        1266 timetz base
        1270 _timetz array 1266 ,
        1560 bit base
        1561 _bit array 1560 ,
        1562 varbit base
        1563 _varbit array 1562 ,
        1700 numeric base
        1790 refcursor base
        2201 _refcursor array 1790 ,
        2202 regprocedure base
        2203 regoper base
        2204 regoperator base
        2205 regclass base
        2206 regtype base
        2207 _regprocedure array 2202 ,
        2208 _regoper array 2203 ,
        2209 _regoperator array 2204 ,
        2210 _regclass array 2205 ,
        2211 _regtype array 2206 ,
        2249 record pseudo
        2275 cstring pseudo
        2276 any pseudo
        2277 anyarray pseudo
        2278 void pseudo
        2279 trigger pseudo
        2280 language_handler pseudo
        2281 internal pseudo
        2283 anyelement pseudo
        2287 _record array 2249 ,
        2776 anynonarray pseudo
        2949 _txid_snapshot array 2970 ,
        2950 uuid base
        2951 _uuid array 2950 ,
        2970 txid_snapshot base
        3115 fdw_handler pseudo
        3220 pg_lsn base
        3221 _pg_lsn array 3220 ,
        3310 tsm_handler pseudo
        3361 pg_ndistinct base
        3402 pg_dependencies base
        3500 anyenum pseudo
        3614 tsvector base
        3615 tsquery base
        3642 gtsvector base
        3643 _tsvector array 3614 ,
        3644 _gtsvector array 3642 ,
        3645 _tsquery array 3615 ,
        3734 regconfig base
        3735 _regconfig array 3734 ,
        3769 regdictionary base
        3770 _regdictionary array 3769 ,
        3802 jsonb base
        3807 _jsonb array 3802 ,
        3831 anyrange pseudo
        3838 event_trigger pseudo
        3904 int4range range
        3905 _int4range array 3904 ,
        3906 numrange range
        3907 _numrange array 3906 ,
        3908 tsrange range
        3909 _tsrange array 3908 ,
        3910 tstzrange range
        3911 _tstzrange array 3910 ,
        3912 daterange range
        3913 _daterange array 3912 ,
        3926 int8range range
        3927 _int8range array 3926 ,
        4072 jsonpath base
        4073 _jsonpath array 4072 ,
        4089 regnamespace base
        4090 _regnamespace array 4089 ,
        4096 regrole base
        4097 _regrole array 4096 ,
        4191 regcollation base
        4192 _regcollation array 4191 ,
        4451 int4multirange multirange
        4532 nummultirange multirange
        4533 tsmultirange multirange
        4534 tstzmultirange multirange
        4535 datemultirange multirange
        4536 int8multirange multirange
        4537 anymultirange pseudo
        4538 anycompatiblemultirange pseudo
        4600 pg_brin_bloom_summary base
        4601 pg_brin_minmax_multi_summary base
        5017 pg_mcv_list base
        5038 pg_snapshot base
        5039 _pg_snapshot array 5038 ,
        5069 xid8 base
        5077 anycompatible pseudo
        5078 anycompatiblearray pseudo
        5079 anycompatiblenonarray pseudo
        5080 anycompatiblerange pseudo
        6150 _int4multirange array 4451 ,
        6151 _nummultirange array 4532 ,
        6152 _tsmultirange array 4533 ,
        6153 _tstzmultirange array 4534 ,
        6155 _datemultirange array 4535 ,
        6157 _int8multirange array 4536 ,
        """
}
