//! From the records of an order-flow file to the commands of a book.

use exchange_core::book::{BookCommand, Order};
use exchange_types::{
    AccountId, CancelCause, OrderType, PriceTicks, SelfTradePrevention, Side, TimeInForce, TimestampNs,
};

use crate::flow::{Operation, Record};

/// Turns records into commands.
///
/// Books always prevent self-trades. Where a file has that switched off, its accounts must be ignored, so all buyers are one
/// account and all sellers another: nobody ever meets himself.
#[derive(Debug, Clone, Copy)]
pub struct Decoder {
    self_trade_prevention: bool,
}

impl Decoder {
    /// For a file whose header says this.
    #[must_use]
    pub const fn new(self_trade_prevention: bool) -> Self {
        Self { self_trade_prevention }
    }

    /// The command of one record.
    #[inline]
    #[must_use]
    pub const fn command(self, record: &Record) -> BookCommand {
        let (order_type, time_in_force) = match record.operation {
            Operation::Cancel => {
                return BookCommand::Cancel { order: record.order, cause: CancelCause::Requested };
            }
            Operation::Reduce => return BookCommand::Reduce { order: record.order, by: record.quantity },
            Operation::Replace => {
                return BookCommand::Replace {
                    order: record.order,
                    new_order: record.new_order,
                    price: record.price,
                    quantity: record.quantity,
                };
            }
            Operation::Limit => (OrderType::Limit, TimeInForce::Gtc),
            Operation::ImmediateOrCancel => (OrderType::Limit, TimeInForce::Ioc),
            Operation::Market => (OrderType::Market, TimeInForce::Ioc),
            Operation::FillOrKill => (OrderType::Limit, TimeInForce::Fok),
            Operation::PostOnly => (OrderType::PostOnly, TimeInForce::Gtc),
        };
        let price = match (record.operation, record.side) {
            (Operation::Market, Side::Buy) => PriceTicks::HIGHEST,
            (Operation::Market, Side::Sell) => PriceTicks::LOWEST,
            _ => record.price,
        };
        BookCommand::Submit(Order {
            id: record.order,
            account: if self.self_trade_prevention { record.account } else { AccountId(record.side as u32) },
            price,
            quantity: record.quantity,
            expires_at: TimestampNs(0),
            side: record.side,
            order_type,
            time_in_force,
            self_trade: SelfTradePrevention::CancelTaker,
        })
    }
}
