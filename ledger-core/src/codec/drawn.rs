//! Draws values of an enum from the table that declares it, for properties.

/// The table of `choice!`: any variant, with any fields.
macro_rules! drawn {
    (
        $(#[$meta:meta])* $name:ident $(<$generic:ident>)?, $what:literal,
        $(
            $(#[$doc:meta])* $tag:literal => $variant:ident
            $(($($field:ident: $inner:ty),*))?
            $({ $($(#[$said:meta])* $part:ident: $of:ty),* $(,)? })?
        ),* $(,)?
    ) => {
        impl $(<$generic: proptest::arbitrary::Arbitrary + 'static>)? proptest::arbitrary::Arbitrary
            for $name $(<$generic>)?
        {
            type Parameters = ();
            type Strategy = proptest::strategy::BoxedStrategy<Self>;
            fn arbitrary_with((): ()) -> Self::Strategy {
                use proptest::strategy::Strategy;
                proptest::strategy::Union::new([$(
                    proptest::arbitrary::any::<($($($inner,)*)? $($($of,)*)?)>()
                        .prop_map(|($($($field,)*)? $($($part,)*)?)| {
                            Self::$variant $(($($field),*))? $({ $($part),* })?
                        })
                        .boxed(),
                )*]).boxed()
            }
        }
    };
}
pub(crate) use drawn;
