//! The keys of the gNB's configuration at the places that are looked at (srsRAN Project 25.10).

/// A place, and every key that the gNB knows there.
pub(super) const PLACES: &[(&str, &[&str])] = &[
    ("ru_sdr", &[
        "srate", "device_driver", "device_args", "tx_gain", "rx_gain", "freq_offset", "clock_ppm", "lo_offset", "clock", "sync",
        "otw_format", "time_alignment_calibration", "start_time", "amplitude_control", "expert_cfg",
    ]),
    ("cell_cfg", &[
        "pci", "sector_id", "dl_arfcn", "band", "common_scs", "channel_bandwidth_MHz", "nof_antennas_ul", "nof_antennas_dl", "plmn",
        "additional_plmns", "tac", "enabled", "q_rx_lev_min", "q_qual_min", "pcg_p_nr_fr1", "mac_cell_group", "ssb", "sib", "ul_common",
        "pdcch", "pdsch", "pusch", "pucch", "srs", "prach", "tdd_ul_dl_cfg", "paging", "csi", "scheduler", "ta", "drx", "slicing", "rlm",
        "p_max", "ntn", "cell_barred", "intra_freq_resel",
    ]),
    ("cu_cp.amf", &[
        "no_core", "amf_reconnection_retry_time", "addr", "addrs", "port", "bind_addr", "bind_addrs", "bind_interface", "sctp_rto_initial",
        "sctp_rto_min", "sctp_rto_max", "sctp_init_max_attempts", "sctp_max_init_timeo", "sctp_hb_interval", "sctp_assoc_max_retx",
        "sctp_nodelay", "supported_tracking_areas",
    ]),
    ("remote_control", &["enabled", "bind_addr", "port"]),
    ("metrics", &[
        "enable_json", "enable_log", "enable_verbose", "autostart_stdout_metrics", "layers", "periodicity", "resource_usage",
    ]),
    ("metrics.layers", &[
        "enable_sched", "enable_rlc", "enable_mac", "enable_ngap", "enable_rrc", "enable_pdcp", "enable_e1ap", "enable_ru",
        "enable_du_low", "enable_executor", "enable_app_usage", "enable_buffer_pool", "skip_stale_data",
    ]),
    ("metrics.periodicity", &[
        "du_report_period", "cu_cp_report_period", "cu_up_report_period", "executors_report_period", "app_usage_report_period",
        "buffer_pool_report_period",
    ]),
    ("expert_execution.threads.main_pool", &["nof_threads", "task_queue_size", "backoff_period"]),
];

/// Every top-level key near which a slip would hide what is looked at.
pub(super) const TOP: &[&str] = &[
    "gnb_id", "gnb_id_bit_length", "gnb_du_id", "ran_node_name", "cu_cp", "cu_up", "ru_sdr", "ru_ofh", "ru_dummy", "cell_cfg", "cells",
    "qos", "srbs", "log", "pcap", "remote_control", "metrics", "expert_execution", "expert_phy", "buffer_pool", "hal", "e2", "f1ap", "f1u",
    "slicing", "test_mode", "du", "ntn", "dryrun", "trace",
];
