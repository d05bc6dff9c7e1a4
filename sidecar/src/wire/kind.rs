//! The vocabulary of the wire: kinds of message, agents, element types. Later work adds values, never changes them.

macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident : $repr:ty { $($(#[$vdoc:meta])* $variant:ident = $value:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr($repr)]
        pub enum $name { $($(#[$vdoc])* $variant = $value),+ }

        impl $name {
            /// Every value, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> $repr {
                self as $repr
            }

            /// The value for a number, `None` where this version does not know it.
            #[must_use]
            pub const fn from_code(code: $repr) -> Option<Self> {
                match code { $($value => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

wire_enum! {
    /// What a message is.
    Kind: u16 {
        /// First message of a peer; JSON payload: who it is.
        Hello = 1,
        /// Answer to `Hello`; JSON payload.
        Welcome = 2,
        /// Typed refusal (other version, unknown kind, malformed); JSON payload `{code, reason}`.
        Refuse = 3,
        /// Liveness; no payload.
        Heartbeat = 4,
        /// Acknowledges `round`/`seq`; no payload.
        Ack = 5,
        /// E-interface: embeddings, shape `[batch, tokens, width]`.
        Embedding = 16,
        /// E-interface: labels, shape `[batch, horizon, features]`.
        Label = 17,
        /// G-interface: gradient with respect to the embedding, same shape as the embedding.
        Gradient = 18,
        /// Output of the shared part in inference, shape `[batch, horizon, features]`.
        Prediction = 19,
        /// Request for one inference: embeddings, shape `[batch, tokens, width]`.
        Infer = 20,
        /// State of an agent for people; JSON payload.
        State = 32,
        /// A proposed or ordered action; JSON payload.
        Action = 33,
        /// What became of an action; JSON payload.
        Outcome = 34,
        /// A goal from a person; JSON payload.
        Goal = 35,
        /// `controller` → `ran`: what the controller takes to be in force, for a `ran` that does not know; JSON payload.
        InForce = 36,
        /// `air` → `ran`: IQ snippet, cf32, shape `[samples]`. `round` = index of its first sample, `micro_batch` = stream,
        /// `aux[0]` = host-monotonic ns at which the message with its last sample arrived, `aux[1]` = window id (bits 0-31),
        /// sounding column + 1 (bits 32-47, 0 = none), bit 48 = wide beam was in force.
        Snippet = 48,
        /// `ran` → `air`: antenna weights, cf32, shape `[antennas, ports]`. `round` = sample index from which (0 = next slot boundary),
        /// `aux[0]` = `seq` of the snippet that caused it (0 = none).
        Weights = 49,
        /// `ran` → `air`: any other command; JSON payload.
        Command = 50,
        /// `air` → `ran`: a command took effect; JSON payload.
        Applied = 51,
        /// `air` → `ran`: sample index against host-monotonic time; JSON payload.
        Clock = 52,
        /// `air` → `ran`: counters and peers; JSON payload.
        Status = 53,
    }
}

wire_enum! {
    /// Who speaks.
    Agent: u16 {
        /// Not an agent of SANet (a tool, a test).
        Other = 0,
        /// The data plane.
        Air = 1,
        /// pAgent: physical layer.
        Ran = 2,
        /// nAgent: network layer.
        Core = 3,
        /// aAgent: application layer.
        App = 4,
        /// The agent controller.
        Controller = 5,
    }
}

wire_enum! {
    /// Element type of the payload.
    Dtype: u8 {
        /// No payload, or opaque bytes.
        Bytes = 0,
        /// 32-bit float.
        F32 = 1,
        /// Complex of two 32-bit floats, I then Q.
        Cf32 = 2,
        /// 16-bit float.
        F16 = 3,
        /// UTF-8 JSON.
        Json = 4,
    }
}

impl Dtype {
    /// Bytes of one element.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Bytes | Self::Json => 1,
            Self::F16 => 2,
            Self::F32 => 4,
            Self::Cf32 => 8,
        }
    }
}

impl Agent {
    /// The name of its process.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Air => "air",
            Self::Ran => "ran",
            Self::Core => "core",
            Self::App => "app",
            Self::Controller => "controller",
        }
    }
}
